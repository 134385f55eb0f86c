/**
 * The words of the language: what each introduces, what may follow it, and where it may stand. The grammar, the
 * checks, completion and hover all read this one table. Keywords are contextual: none of these is reserved as a name.
 */

/** What stands after a property's word. */
export type ValueForm =
  | 'flag'
  | 'expression'
  | 'expressions'
  | 'extent'
  | 'word'
  | 'text'
  | 'names'
  | 'rules'
  | 'date'
  | 'binders'
  | 'backing';

/** What stands after a declaration's keyword, before its properties. */
export type HeadForm =
  | 'name'
  | 'optional-name'
  | 'label'
  | 'device'
  | 'constant'
  | 'text'
  | 'names'
  | 'expression'
  | 'rules'
  | 'requirement'
  | 'nothing';

export interface PropertyWord {
  readonly form: ValueForm;
  /** What is expected after the word, with its article. */
  readonly expected: string;
  /** One sentence for hover and completion. */
  readonly about: string;
  /** The fixed words it takes, if it takes only those. */
  readonly words?: readonly string[];
}

export interface DeclarationWord {
  readonly head: HeadForm;
  /** What is expected after the keyword, with its article. */
  readonly expected: string;
  readonly about: string;
  /** The keywords of the declarations whose block it may stand in; `file` is the top of a file. */
  readonly within: readonly string[];
  /** Words of the properties it takes, besides `when` and `label`. */
  readonly properties: readonly string[];
}

/** A table by word, without what every object inherits: `valueOf` is a word like any other. */
function table<T>(entries: Record<string, T>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, entries);
}

const form = (
  valueForm: ValueForm,
  expected: string,
  about: string,
  words?: readonly string[],
): PropertyWord => ({ form: valueForm, expected, about, ...(words && { words }) });

const ARCHITECTURES = ['arm64', 'x86_64', 'riscv64', 'loongarch64', 's390x', 'ppc64'] as const;
export const IOMMU_MODELS = [
  'smmu-v3',
  'smmu-v2',
  'vt-d',
  'amd-v1',
  'amd-v2',
  'riscv',
  'virtio',
  's390',
  'dart',
] as const;
export const CONTRACTS = ['type1', 'iommufd', 'none'] as const;
export const STANCES = ['reject', 'carve', 'tolerate'] as const;
export const VMMS = [
  'generic',
  'qemu',
  'cloud-hypervisor',
  'openvmm',
  'firecracker',
  'crosvm',
  'kvmtool',
  'xen',
  'bhyve',
  'jailhouse',
  'microkit',
] as const;
export const RESERVED_KINDS = ['msi', 'sw-msi', 'direct', 'direct-relaxable', 'reserved'] as const;
export const AVOID_VIA = ['reserved-memory', 'e820', 'efi-memory-map', 'none'] as const;
export const SELECTORS = [
  'ram',
  'rom',
  'mmio',
  'window',
  'bar',
  'doorbell',
  'hole',
  'avoid',
  'region',
  'map',
  'reserved',
  'device',
  'backing',
  'vm',
] as const;

/** What a name looks like, as the source of a regular expression: a hyphen needs a letter behind it. */
export const NAME_PATTERN = '[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*';

const WHOLE_NAME = new RegExp(`^${NAME_PATTERN}$`);

export const isName = (text: string): boolean => WHOLE_NAME.test(text);

/** Words that others have for what the language calls otherwise, in small letters, and no spelling leads from one to the other. */
export const USUAL_WORDS: ReadonlyMap<string, string> = new Map([
  ['pagesize', 'page'],
  ['page-size', 'page'],
  ['numa', 'node'],
  ['numa-node', 'node'],
  ['length', 'size'],
  ['len', 'size'],
]);

/** The same for fixed words, by the property that takes them. */
export const USUAL_VALUES: Readonly<Record<string, ReadonlyMap<string, string>>> = table({
  arch: new Map([['aarch64', 'arm64'], ['armv8', 'arm64'], ['amd64', 'x86_64'], ['x86-64', 'x86_64'], ['x64', 'x86_64'], ['x86', 'x86_64'], ['ppc64le', 'ppc64']]),
  contract: new Map([['vfio', 'type1'], ['vfio-type1', 'type1']]),
  model: new Map([['amd', 'amd-v1'], ['amd-vi', 'amd-v1'], ['intel', 'vt-d'], ['intel-iommu', 'vt-d'], ['dmar', 'vt-d'], ['smmuv3', 'smmu-v3'], ['arm-smmu-v3', 'smmu-v3'], ['arm-smmu', 'smmu-v2'], ['virtio-iommu', 'virtio']]),
});

/** Words that are never a name in an expression. */
export const EXPRESSION_WORDS: ReadonlySet<string> = new Set([
  'for',
  'because',
  'until',
  'and',
  'or',
  'not',
  'when',
]);

export const PROPERTIES: Readonly<Record<string, PropertyWord>> = table({
  access: form('word', 'an access such as `rw`', 'What the guest may do: some of `r`, `w`, `x`.'),
  acs: form('word', '`on` or `off`', 'Whether the bridge keeps peer-to-peer traffic apart.', ['on', 'off']),
  alias: form('expression', 'a region', 'Shows the bytes of another region again.'),
  allow: form('rules', 'a rule', 'Waives rules here; needs `because`.'),
  anonymous: form('flag', '', 'Ordinary memory: the host promises its base page.'),
  aperture: form('extent', 'a range of addresses', 'The addresses the IOMMU can translate.'),
  arch: form('word', 'an architecture', 'The architecture of the host.', ARCHITECTURES),
  at: form('extent', 'an address', 'Where it begins, or its whole range: `A ..= B` with the last byte, `A .. B` half-open.'),
  backing: form('backing', 'a kind of memory', 'The memory of a region that has a backing of its own.'),
  bar: form('expression', 'the number of a BAR', 'A base address register of the device.'),
  because: form('text', 'a reason in quotes', 'Why; shown with the finding.'),
  behind: form('names', 'an IOMMU', 'The IOMMU that translates for it.'),
  bits: form('expression', 'a number of bits', 'The width of its addresses.'),
  block: form('expression', 'a size', 'Size of the blocks that are plugged one by one.'),
  blocks: form('expressions', 'sizes of blocks', 'The leaf sizes of the page tables, instead of the ones the model has.'),
  bypass: form('word', '`on` or `off`', 'Whether devices reach all of RAM until the guest has set the vIOMMU up.', ['on', 'off']),
  contract: form('word', 'a contract', 'The kernel interface that is asked to map.', CONTRACTS),
  count: form('expression', 'a number', 'How many there are.'),
  dax: form('expression', 'a page size', 'A DAX device: pages of this size, physically contiguous.'),
  dimm: form('flag', '', 'A hot-plugged DIMM: one mapping request for the whole.'),
  dma: form('word', '`on` or `off`', 'Whether the VMM maps it for DMA.', ['on', 'off']),
  'dma-maps': form('expression', 'a number', 'Mappings that a container may hold (`dma_entry_limit`).'),
  for: form('binders', 'what it is for', 'What it is for.'),
  from: form('expression', 'a backing', 'The backing its bytes come from, and the offset in it.'),
  granule: form('expression', 'a size', 'The smallest page of the page tables.'),
  hotplug: form('flag', '', 'It arrives while the VM runs.'),
  hugetlb: form('expression', 'a page size', 'Pages of this size, physically contiguous and aligned.'),
  kernel: form('expression', 'a version such as `6.6`', 'The kernel whose verdicts count.'),
  kind: form('word', 'a kind of reserved range', 'Why the range is kept.', RESERVED_KINDS),
  label: form('text', 'a text in quotes', 'Its name elsewhere.'),
  like: form('names', 'a name', 'Starts from what the other one declares.'),
  memlock: form('expression', 'a size or `unlimited`', 'Memory the VMM may pin (`RLIMIT_MEMLOCK`).'),
  mode: form('word', '`nested` or `emulated`', 'How the guest’s tables are used.', ['nested', 'emulated']),
  model: form('word', 'an IOMMU model', 'Which IOMMU it is: decides leaf sizes and what is kept.', IOMMU_MODELS),
  node: form('expression', 'a node', 'The NUMA node.'),
  on: form('names', 'a name', 'The hosts it runs on, or the element it is about.'),
  'on-overlap': form('word', 'a stance', 'What the VMM does where RAM meets a reserved range.', STANCES),
  owner: form('text', 'a name in quotes', 'Who answers for it.'),
  over: form('names', 'a region', 'Hides that part of the other region.'),
  page: form('expression', 'a size', 'The base page of the host kernel.'),
  physical: form('flag', '', 'Memory at a fixed host-physical address: `physical at HPA`.'),
  share: form('flag', '', 'Others may take the same bytes.'),
  size: form('expression', 'a size', 'How many bytes it has.'),
  slots: form('expression', 'a number', 'Memory slots.'),
  thp: form('flag', '', 'Transparent huge pages: hoped for, not promised.'),
  to: form('expression', 'a region', 'The region whose bytes are mapped, and the offset in it.'),
  until: form('date', 'a date such as `2027-06-30`', 'The last day it holds.'),
  via: form('word', 'a way to tell the guest', 'How the guest is told.', AVOID_VIA),
  'virtio-mem': form('flag', '', 'A virtio-mem device: each block is one mapping request.'),
  vmm: form('word', 'a VMM', 'What maps by itself, and how it rounds.', VMMS),
  when: form('expression', 'a condition', 'If it is false, the declaration isn’t there.'),
});

/** Properties that every declaration takes. */
export const EVERYWHERE: readonly string[] = ['when', 'label'];

const REGION = ['at', 'size', 'access', 'dma', 'share', 'over', 'alias', 'because', 'allow', 'until', 'owner'];
const BACKED = ['from', 'backing', 'node'];
const KINDS = ['anonymous', 'thp', 'hugetlb', 'dax', 'physical', 'at'];

export const DECLARATIONS: Readonly<Record<string, DeclarationWord>> = table({
  import: declare('text', 'a path in quotes', 'Brings the names of another file; `std:` is the shipped library.', ['file'], []),
  const: declare('constant', 'a name', 'Names a value. Without one, what it stands in is a model.', ['file', 'host', 'vm'], []),
  host: declare('name', 'a name', 'A machine: what its IOMMUs can map and what they keep.', ['file'], ['like', 'arch', 'kernel', 'page', 'bits', 'contract']),
  iommu: declare('name', 'a name', 'An IOMMU of the host.', ['host'], ['model', 'granule', 'blocks', 'bits', 'aperture']),
  group: declare('label', 'the number of the group', 'Devices that the IOMMU can’t tell apart.', ['host'], ['behind']),
  device: declare('device', 'a name', 'A device that can be assigned.', ['host', 'group', 'file'], ['bits', 'bar', 'size', 'like', 'behind']),
  reserved: declare('name', 'a name', 'A range of IOVA that the IOMMU keeps for itself.', ['host', 'iommu', 'group', 'device', 'viommu'], ['at', 'size', 'kind']),
  bridge: declare('name', 'a name', 'A host bridge and its windows.', ['host'], ['acs']),
  memory: declare('name', 'a name', 'A range of the host’s physical memory.', ['host'], ['at', 'size', 'for', 'node']),
  hugepages: declare('expression', 'a page size', 'Huge pages that the host has set aside.', ['host'], ['count', 'node']),
  limits: declare('nothing', '', 'What the kernel lets the VMM take.', ['host'], ['memlock', 'dma-maps', 'slots']),
  vm: declare('name', 'a name', 'A guest and its address space.', ['file'], ['like', 'on', 'bits', 'vmm', 'on-overlap', 'slots']),
  policy: declare('names', 'a name', 'Rules and requirements; in a vm, the policy that holds for it.', ['file', 'vm'], ['like', 'owner']),
  backing: declare('name', 'a name', 'Host memory that regions take their bytes from.', ['vm', 'file'], ['size', ...KINDS, 'node', 'share']),
  ram: declare('name', 'a name', 'Guest RAM.', ['vm'], [...REGION, ...BACKED, 'hotplug', 'dimm', 'virtio-mem', 'block']),
  rom: declare('name', 'a name', 'Memory the guest only reads.', ['vm'], [...REGION, ...BACKED]),
  mmio: declare('name', 'a name', 'Registers or memory of a device.', ['vm'], [...REGION, 'from']),
  window: declare('optional-name', 'a name', 'A range kept free for BARs or memory devices.', ['vm', 'bridge'], [...REGION, 'for', 'acs']),
  bar: declare('expression', 'a BAR such as `gpu.0`', 'A BAR: where it lies in a guest, how large it is on a device.', ['vm', 'device'], REGION),
  doorbell: declare('name', 'a name', 'The address a device writes to raise an MSI.', ['vm'], REGION),
  hole: declare('name', 'a name', 'Nothing; with `from` it uses up its bytes of the backing.', ['vm'], [...REGION, 'from']),
  avoid: declare('name', 'a name', 'A range the guest has promised never to use for DMA.', ['vm'], [...REGION, 'via']),
  map: declare('name', 'a name', 'One DMA mapping request.', ['vm'], ['at', 'size', 'to', 'access', 'allow', 'because', 'until', 'owner']),
  assign: declare('names', 'a device', 'Gives devices of the host to the guest.', ['vm'], ['hotplug', 'behind', 'allow', 'because', 'until', 'owner']),
  viommu: declare('name', 'a name', 'An IOMMU that the guest sees.', ['vm'], ['model', 'mode', 'bypass', 'bits']),
  deny: declare('rules', 'a rule', 'Makes findings of these rules errors.', ['policy'], ['on', 'because', 'until', 'owner']),
  warn: declare('rules', 'a rule', 'Makes findings of these rules warnings.', ['policy'], ['on', 'because', 'until', 'owner']),
  note: declare('rules', 'a rule', 'Makes findings of these rules notes.', ['policy'], ['on', 'because', 'until', 'owner']),
  allow: declare('rules', 'a rule', 'Waives findings of these rules; needs `because`.', ['policy', 'map', 'assign', ...regions()], ['on', 'because', 'until', 'owner']),
  require: declare('requirement', 'a condition', 'What must hold: an error where it doesn’t.', ['policy', 'vm'], ['for', 'because', 'owner']),
  prefer: declare('requirement', 'a condition', 'What should hold: a warning where it doesn’t.', ['policy', 'vm'], ['for', 'because', 'owner']),
});

/** Keywords of what takes guest-physical addresses. */
export const REGION_KEYWORDS: ReadonlySet<string> = new Set(regions());

/** Those of them that a device can be given, by what is in them or, of a window, comes into it: nothing is in the others. */
export const MAPPABLE_KEYWORDS: ReadonlySet<string> = new Set(['ram', 'rom', 'mmio', 'bar', 'window']);

function regions(): string[] {
  return ['ram', 'rom', 'mmio', 'window', 'bar', 'doorbell', 'hole', 'avoid'];
}

function declare(
  head: HeadForm,
  expected: string,
  about: string,
  within: readonly string[],
  properties: readonly string[],
): DeclarationWord {
  return { head, expected, about, within, properties };
}

/** Whether `keyword` may stand directly in the block of `container` (`file` for the top). */
export const mayContain = (container: string, keyword: string): boolean =>
  DECLARATIONS[keyword]?.within.includes(container) ?? false;

/** Whether a declaration with this keyword takes the property. */
export const takesProperty = (keyword: string, word: string): boolean =>
  EVERYWHERE.includes(word) || (DECLARATIONS[keyword]?.properties.includes(word) ?? false);

/** What the word of a property says in a declaration with this keyword: some say different things in different ones. */
export const aboutProperty = (word: string, keyword: string): string => ABOUT_IN[word]?.[keyword] ?? PROPERTIES[word]?.about ?? '';

const EACH = 'What it is asked of: each element of a selector, or each pair of two.';
const PARTS = 'The parts of the vm that it is about, with or without its name: `web.gpu`, `gpu`.';

const ABOUT_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = table({
  for: table({ require: EACH, prefer: EACH }),
  on: table({ vm: 'The hosts it runs on.', deny: PARTS, warn: PARTS, note: PARTS, allow: PARTS }),
});

/** Keywords that may stand in the block of `container`. */
export const keywordsIn = (container: string): string[] =>
  Object.keys(DECLARATIONS).filter((keyword) => mayContain(container, keyword));
