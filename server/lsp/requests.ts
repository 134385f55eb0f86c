import type { MapRecord, Position } from '../core/index.js';

/** Requests of ours, besides those of the protocol: what they are asked with and answered by, as plain JSON. The client imports these types, too. */

/** What a client may ask the server. */
export interface Requests {
  /** The memory map of an open file; null where that isn't open. */
  'vmlayout/map'(params: MapParams): MapAnswer | null;
  /** The stances of the vm at a position side by side; null where there is nothing to compare. */
  'vmlayout/compare'(params: { readonly textDocument: { readonly uri: string }; readonly position: Position }): { readonly markdown: string } | null;
  /** What is imported and exported; null where that fails. */
  'vmlayout/formats'(params: object): { readonly imports: readonly Format[]; readonly exports: readonly Format[] } | null;
  /** The name of the format that a text looks like; null for none. */
  'vmlayout/sniff'(params: { readonly text: string }): string | null;
  /** What the command line's `import`, `export`, `diff` and `explain --log` do, on texts that the client sends or has open. */
  'vmlayout/import'(params: ImportParams): Converted;
  'vmlayout/export'(params: ExportParams): Converted;
  'vmlayout/diff'(params: DiffParams): Converted;
  'vmlayout/explainLog'(params: ExplainParams): Converted;
}

/** What the server asks a client that said with the option `readsFiles` that it answers. */
export interface ClientRequests {
  /** The text behind a URI, or in one sentence why it can't be had. */
  'vmlayout/readFile'(params: { readonly uri: string }): { readonly text: string } | { readonly error: string };
  /** The URIs of the layouts below a folder. */
  'vmlayout/listFiles'(params: { readonly folder: string }): readonly string[];
}

export interface Format {
  readonly name: string;
  readonly about: string;
}

/** A text, with what it couldn't say; or in one sentence why there is none. */
export type Converted = { readonly text: string; readonly notes?: readonly string[] } | { readonly error: string };

export interface ImportedFile {
  /** What the user calls it. */
  readonly path: string;
  /** Empty for a blob, which comes as its bytes. */
  readonly text: string;
  readonly bytes?: readonly number[];
  /** Of a file out of sysfs: its IOMMU group, the devices in it, and what tells machines apart. */
  readonly group?: string;
  readonly devices?: readonly string[];
  readonly machine?: string;
}

export interface ImportParams {
  readonly files: readonly ImportedFile[];
  /** Instead of what the files look like. */
  readonly format?: string;
}

export interface ExportParams {
  readonly uri: string;
  readonly format: string;
  /** Needed where the file has several. */
  readonly vm?: string;
  readonly host?: string;
}

export interface DiffParams {
  /** The open file that was changed to. */
  readonly uri: string;
  /** What it was, wherever that is from. */
  readonly before: { readonly uri: string; readonly text: string };
}

export interface ExplainParams {
  readonly log: string;
  /** What the log is called. */
  readonly name: string;
  /** The open layout to look into. */
  readonly uri?: string;
}

/** What a view of the map asks: the guest on a host of an open file, the first if none is named. */
export interface MapParams extends Partial<Choice> {
  readonly uri: string;
  /** Whether the map of each stance is asked for, too. */
  readonly stances?: boolean;
  /** The number of a finding in the map, whose fixes are asked for. */
  readonly fixesOf?: number;
}

/** A guest, on one of its hosts if it has any. */
export interface Choice {
  readonly vm: string;
  readonly host?: string;
}

/** Addresses are hexadecimal strings. */
export interface MapAnswer {
  /** The version of the text that it is about. */
  readonly version: number;
  /** Every guest on each of its hosts. */
  readonly choices: readonly Choice[];
  /** Nothing where the file declares no guest. */
  readonly map?: PlacedRecord;
  readonly stances?: readonly PlacedRecord[];
  readonly fixes?: readonly { readonly title: string; readonly edits: readonly MapEdit[]; readonly map: PlacedRecord }[];
}

export type PlacedRecord = MapRecord<MapPlace>;

/** Where something is written. */
export interface MapPlace {
  readonly uri: string;
  readonly range: PlaceRange;
  /** Its whole declaration. */
  readonly whole: PlaceRange;
}

export interface PlaceRange {
  readonly start: Position;
  readonly end: Position;
}

export interface MapEdit {
  readonly range: PlaceRange;
  readonly newText: string;
}
