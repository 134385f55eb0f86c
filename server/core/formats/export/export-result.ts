import type { Plan } from '../../dma/plan.js';
import type { Evaluator } from '../../layout/evaluate.js';
import type { Host, Vm } from '../../layout/model.js';

/** What is written out: a guest, on one of its hosts where it has any. */
export interface ExportSubject {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly plan: Plan | undefined;
  /** What evaluated it there. */
  readonly evaluator: Evaluator;
  /** The file it is from, as the user wrote it. */
  readonly path: string;
}

/** A text in another format and what it could not say; or why the layout can't be said in it at all, and then no text. */
export type ExportResult =
  | { readonly text: string; readonly notes: readonly string[] }
  | { readonly errors: readonly string[] };

/** `vm web on altra, from web.vmlayout`: where a file comes from, for a comment at its top. */
export const originOf = ({ vm, host, path }: ExportSubject): string => `vm ${vm.name}${host ? ` on ${host.name}` : ''}, from ${path}`;
