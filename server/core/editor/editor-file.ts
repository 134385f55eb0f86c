import type { World } from '../layout/scope.js';
import type { CheckResult } from '../rules/check.js';
import type { Document } from '../syntax/document.js';
import type { Listed } from './statement-targets.js';

/** What a feature looks at: a file, the texts around it, and what its last check came to. */
export interface EditorFile {
  readonly path: string;
  readonly document: Document;
  readonly world: World;
  readonly result: CheckResult;
  /** The files in which there may be vms that its policies hold for; only itself if left out. */
  readonly files?: Iterable<Listed>;
}
