export interface VsCodeServer {
  readonly url: string;
  /** The page that opens `file` in `folder`. */
  address(folder: string, file: string): string;
  /** What the server has printed so far. */
  log(): string;
  stop(): Promise<void>;
}

export function startVsCode(vsix: string, settings?: Readonly<Record<string, unknown>>): Promise<VsCodeServer>;
