/** Exit code by which a bot's process says that the bot used too much memory. */
export const OUT_OF_MEMORY = 99;
