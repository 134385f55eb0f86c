export interface VsCodeServer {
  readonly url: string;
  /** The page that opens `file` in `folder`, or in the workspace that the file `workspace` there describes. */
  address(folder: string, file: string, workspace?: string): string;
  /** The folder in which extensions have folders of their own. */
  readonly storage: string;
  /** What the server has printed so far. */
  log(): string;
  stop(): Promise<void>;
}

export function startVsCode(vsix: string | readonly string[], settings?: Readonly<Record<string, unknown>>, language?: string): Promise<VsCodeServer>;
