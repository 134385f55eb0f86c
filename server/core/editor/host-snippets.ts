import { nearestTo, placesNear } from '../dma/free-places.js';
import { GIB, MIB } from '../layout/address.js';
import { rangeOf, sizeOf, subtract, type Range } from '../layout/intervals.js';
import { writeAddress } from '../layout/written.js';
import { CONTRACTS, IOMMU_MODELS, RESERVED_KINDS } from '../syntax/vocabulary.js';
import { devicesOf } from './meaning.js';
import { choicesOf, freshAtTop, freshIn, isArm, namesAtTop, type SnippetPlace } from './snippet-place.js';
import { stop, type Snippet } from './snippet-text.js';

const DOORBELL_WINDOW = '0x0800_0000 ..= 0x080f_ffff kind sw-msi';
const INTERRUPT_RANGE = '0xfee0_0000 ..= 0xfeef_ffff kind msi';
const CONTRACT = [...CONTRACTS];

/** A machine as a whole: its IOMMU with what it keeps, and a device to assign. */
export const hostSnippets = (place: SnippetPlace): Snippet[] => [
  {
    label: 'host with SMMUv3 (Arm)',
    body: host(place, {
      about: 'An Arm server.',
      name: 'altra',
      facts: ['arch arm64', `kernel ${stop(3, '6.6')}`, `page ${stop(4, '4 KiB', '16 KiB', '64 KiB')}`, `bits ${stop(5, '48')}`, `contract ${stop(6, ...CONTRACT)}`],
      iommu: ['smmu0', 'model smmu-v3', `granule ${stop(8, '4 KiB', '16 KiB', '64 KiB')}`, `bits ${stop(9, '48')}`, `reserved msi at ${DOORBELL_WINDOW}`],
    }),
  },
  {
    label: 'host with VT-d (Intel)',
    body: host(place, {
      about: 'An Intel server.',
      name: 'xeon',
      facts: ['arch x86_64', `kernel ${stop(3, '6.6')}`, 'page 4 KiB', `bits ${stop(5, '46')}`, `contract ${stop(6, ...CONTRACT)}`],
      iommu: ['dmar0', 'model vt-d', 'granule 4 KiB', `bits ${stop(9, '48', '39', '57')}`, `reserved msi at ${INTERRUPT_RANGE}`],
    }),
  },
  {
    label: 'host with AMD-Vi',
    body: host(place, {
      about: 'An AMD server.',
      name: 'epyc',
      facts: ['arch x86_64', `kernel ${stop(3, '6.6')}`, 'page 4 KiB', `bits ${stop(5, '48')}`, `contract ${stop(6, ...CONTRACT)}`],
      iommu: ['ivhd0', `model ${stop(8, 'amd-v1', 'amd-v2')}`, 'granule 4 KiB', `bits ${stop(9, '48')}`, `reserved msi at ${INTERRUPT_RANGE}`, 'reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved'],
    }),
  },
  ...likeOthers(place),
];

interface HostText {
  readonly about: string;
  readonly name: string;
  readonly facts: readonly string[];
  /** Its name, then what stands in it. */
  readonly iommu: readonly [string, ...string[]];
}

const host = (place: SnippetPlace, { about, name, facts, iommu: [iommuName, ...members] }: HostText): string => `\
/// ${stop(1, about)}
host ${stop(2, freshAtTop(name, place))} {
${facts.map((fact) => `  ${fact}\n`).join('')}
  iommu ${stop(7, iommuName)} {
${members.map((member) => `    ${member}\n`).join('')}  }
  group ${stop(10, '14')} {
    device ${stop(11, 'nic')} "${stop(12, '0000:01:00.0')}"
  }$0
}`;

/** One that adds its devices to what a host of the library, or another without devices, has. */
function likeOthers(place: SnippetPlace): Snippet[] {
  const others = choicesOf(namesAtTop('host', place).map((source) => place.around.evaluator.elementOf(source)).filter((other) => devicesOf(other).length === 0));
  if (others.length === 0) return [];
  return [{
    label: 'host like another, with its devices',
    body: `host ${stop(1, freshAtTop('server', place))} like ${stop(2, ...others)} {\n  group ${stop(3, '14')} {\n    device ${stop(4, 'nic')} "${stop(5, '0000:01:00.0')}"\n  }$0\n}`,
  }];
}

export function membersOfHost(place: SnippetPlace): Snippet[] {
  const { owner } = place;
  const iommus = choicesOf((owner?.children ?? []).filter(({ keyword }) => keyword === 'iommu'));
  return [
    { label: 'iommu with what it keeps', body: iommu(place) },
    {
      label: 'group with a device',
      body: `group ${stop(1, freshNumber(14, place))}${iommus.length > 1 ? ` behind ${stop(4, ...iommus)}` : ''} {\n  device ${stop(2, freshDevice(place))} "${stop(3, '0000:02:00.0')}"\n}$0`,
    },
    { label: 'hugepages of a node', body: `hugepages ${stop(1, '1 GiB', '2 MiB')} count ${stop(2, '16')} node ${stop(3, '0')}$0` },
    ...(owner?.children.some(({ keyword }) => keyword === 'limits') ? [] : [{ label: 'limits of locked memory and mappings', body: `limits { memlock ${stop(1, 'unlimited', '64 GiB')}  dma-maps ${stop(2, '65535')} }$0` }]),
    ...placed(rangeOf(0n, MIB), place, (address) => ({ label: 'memory that the hypervisor keeps', body: `memory ${stop(1, freshIn('firmware', owner))} at ${stop(2, address)} size ${stop(3, '1 MiB')} for ${stop(4, 'host', 'hypervisor')}$0` })),
    ...placed(rangeOf(512n * GIB, 64n * GIB), place, (address) => ({
      label: 'bridge with a window', body: `bridge ${stop(1, freshIn('pci', owner))} {\n  window ${stop(2, 'mmio')} at ${stop(3, address)} size ${stop(4, '64 GiB')} acs ${stop(5, 'on', 'off')}\n}$0`,
    })),
  ];
}

/** A snippet for something at host-physical addresses: where it mostly is, or else where the host has room next to that; nothing where it has none. */
function placed(wanted: Range, { owner, file }: SnippetPlace, write: (address: string) => Snippet): Snippet[] {
  const host = file.result.hosts.find(({ name }) => name === owner?.name);
  const taken = [...(host?.memories ?? []), ...(host?.bridges ?? []).flatMap(({ windows }) => windows)].map(({ range }) => range);
  const gaps = subtract({ base: 0n, end: 1n << BigInt(host?.bits ?? 64) }, taken);
  const base = nearestTo(wanted.base, placesNear(wanted, gaps, sizeOf(wanted)));
  return base === undefined ? [] : [write(writeAddress(base))];
}

function iommu(place: SnippetPlace): string {
  const arm = isArm(place.owner, place);
  const models = arm ? ['smmu-v3', 'smmu-v2'] : ['vt-d', 'amd-v1', 'amd-v2'];
  const others = IOMMU_MODELS.filter((model) => !models.includes(model));
  return `iommu ${stop(1, freshIn(arm ? 'smmu' : 'iommu', place.owner))} {\n  model ${stop(2, ...models, ...others)}\n  granule ${stop(3, '4 KiB', '16 KiB', '64 KiB')}\n  bits ${stop(4, '48', '39', '57')}\n  reserved msi at ${arm ? DOORBELL_WINDOW : INTERRUPT_RANGE}$0\n}`;
}

/** A range that is kept: in an IOMMU mostly where interrupts are raised, elsewhere what the firmware wants. */
export function reservedRange(place: SnippetPlace): Snippet {
  const { owner, around } = place;
  const arm = isArm(around.evaluator.host, place);
  const body = owner?.keyword === 'iommu'
    ? `reserved ${stop(1, freshIn('msi', owner))} at ${arm ? DOORBELL_WINDOW : INTERRUPT_RANGE}$0`
    : `reserved ${stop(1, freshIn('firmware', owner))} at ${stop(2, '0x8_8000_0000')} size ${stop(3, '64 KiB')} kind ${stop(4, 'direct-relaxable', ...RESERVED_KINDS.filter((kind) => kind !== 'direct-relaxable'))}$0`;
  return { label: owner?.keyword === 'iommu' ? 'reserved doorbells' : 'reserved by firmware', body };
}

const freshDevice = ({ owner }: SnippetPlace): string => {
  const taken = new Set(owner ? devicesOf(owner).map(({ name }) => name) : []);
  return ['nic', 'gpu', 'nvme', 'fpga'].find((name) => !taken.has(name)) ?? `device${taken.size}`;
};

function freshNumber(first: number, { owner }: SnippetPlace): string {
  const taken = new Set(owner?.children.filter(({ keyword }) => keyword === 'group').map(({ name }) => name));
  let number = first;
  while (taken.has(`${number}`)) number++;
  return `${number}`;
}
