/** Who may use the database connection: everybody in turn, so nobody sees or joins another's unfinished transaction. */
export class Turn {
  private taken = false;
  private readonly queue: (() => void)[] = [];

  /** Runs `work` alone. Whatever `work` calls must know that it has the turn already. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    while (this.taken) {
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    this.taken = true;
    try {
      return await work();
    } finally {
      this.taken = false;
      this.queue.shift()?.();
    }
  }
}
