/**
 * Pairs of parameters that are kept together, so that a search by both walks only what has both.
 *
 * Each of the two may match most rows while hardly any has both: a busy bot that never fails, among others that do.
 * Without the pair its newest failures would be looked for in all its runs.
 */

const PAIRS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  AuditEvent: [['entity', 'outcome']],
};

export interface PairedValue {
  readonly code: string;
  readonly value: string;
}

/** The pairs that a resource or a search of this type has, given what it has of each parameter. */
export function pairedValues(type: string, valuesOf: (code: string) => readonly string[]): PairedValue[] {
  return (PAIRS[type] ?? []).flatMap(([first, second]) =>
    valuesOf(first).flatMap((one) =>
      valuesOf(second).map((other) => ({ code: `${first}+${second}`, value: `${one} ${other}` })),
    ),
  );
}
