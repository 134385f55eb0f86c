import { isCompatible, type DeviceTree, type TreeNode } from './device-tree.js';
import { factsOf, type TreeFacts } from './device-tree-facts.js';
import { hostLines } from './device-tree-host.js';
import { guestLines } from './device-tree-guest.js';
import { readDeviceTreeBlob, type BlobError } from './dtb.js';
import { readDeviceTreeSource } from './dts.js';
import { fileName, type ImportError, type ImportFile, type ImportOptions } from './import-result.js';
import type { LayoutPart, PartsResult } from './layout-part.js';
import { legalName, type LayoutLine } from './layout-text.js';
import type { SourceError } from './source-places.js';

/** What a device tree becomes: the lines of a host or a vm, and what they can't say. */
export interface TreeBody {
  readonly lines: readonly LayoutLine[];
  readonly notes: readonly string[];
}

export function blobParts(file: ImportFile, options: ImportOptions): PartsResult {
  if (!file.bytes) return { errors: [{ path: file.path, line: 1, offset: 0, message: 'a device tree blob begins with d00dfeed; is this a source (`dts`)?' }] };
  return treeParts(readDeviceTreeBlob(file.bytes), file, options);
}

export function sourceParts(file: ImportFile, options: ImportOptions): PartsResult {
  if (file.bytes) return { errors: [{ path: file.path, line: 1, offset: 0, message: 'this is a blob: its format is `dtb`' }] };
  return treeParts(readDeviceTreeSource(file), file, options);
}

function treeParts(tree: DeviceTree | BlobError | SourceError, file: ImportFile, options: ImportOptions): PartsResult {
  if ('message' in tree) return { errors: [errorOf(tree, file)] };
  const facts = factsOf(tree);
  if (facts.impossible) return { errors: [impossible(facts.impossible, file)] };
  const kind = options.as ?? (looksLikeGuest(tree.root) ? 'vm' : 'host');
  const body = kind === 'vm' ? guestLines(tree, facts) : hostLines(tree, facts);
  const part: LayoutPart = {
    kind,
    name: options.name ?? legalName(fileName(file.path).replace(/(?:\.(?:dtb|dts|dtsi|flat|txt))+$/i, '').replace(/^(?:-|fdt)$/, ''), kind === 'vm' ? 'guest' : 'board'),
    about: [`Imported from the device tree${file.path === '-' ? '' : ` ${fileName(file.path)}`}. Each comment tells ${file.bytes ? 'the byte and the node' : 'the line and the node'} it comes from.`],
    lines: body.lines,
    notes: [...(options.as ? [] : [guessNote(kind)]), ...facts.notes, ...memoryNotes(facts), ...body.notes],
  };
  return { parts: [part] };
}

const errorOf = (error: BlobError | SourceError, file: ImportFile): ImportError =>
  'offset' in error
    ? { path: file.path, line: 1, offset: error.offset, message: error.message }
    : { path: error.place.path, line: error.place.line, message: error.message };

/** The place of an error from an origin: `byte 0x40`, `line 3`, `other.dtsi:3`. */
function impossible({ origin, message }: { origin: string; message: string }, file: ImportFile): ImportError {
  const byte = /^byte (0x[0-9a-f]+)$/.exec(origin);
  if (byte) return { path: file.path, line: 1, offset: Number(byte[1]), message };
  const [, path = file.path, line] = /^(?:line |(.*):)(\d+)$/.exec(origin) ?? [];
  return { path, line: Number(line ?? 1), message };
}

/** Boards that nobody builds: QEMU's `virt` and the like, and guests of Xen. */
const GUEST = /^(?:linux,dummy-virt|riscv-virtio|qemu,.*|ucbbar,spike-bare.*|xen,xenvm.*|linux,sbsa-ref|linux,loongson3)$/;

const looksLikeGuest = (root: TreeNode): boolean => isCompatible(root, GUEST);

const guessNote = (kind: 'vm' | 'host'): string =>
  kind === 'vm' ? 'taken for the tree of a guest, by its `compatible`; `--as host` reads it as that of a machine' : 'taken for the tree of a machine; `--as vm` reads it as that of a guest';

const memoryNotes = (facts: TreeFacts): string[] => (facts.memory.length === 0 ? ['no memory node tells where RAM is: the boot loader says'] : []);
