import { publishedByDefault, type PublishedRange } from '../dma/formats.js';
import { formatOf, hostPage } from '../dma/host-formats.js';
import { isExcluded } from '../dma/verdict.js';
import { formatRange, formatSize, log2 } from '../layout/address.js';
import type { Evaluator } from '../layout/evaluate.js';
import { subtract, type Range } from '../layout/intervals.js';
import { namePlace, type Host, type Iommu, type Reserved } from '../layout/model.js';
import { presence } from '../layout/presence.js';
import { rangeOfElement } from '../layout/vm.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, linesInto } from './edits.js';
import { bad, defineRule, fixed, good, type Fix, type Note } from './rule.js';

/** A host doesn't say what every machine of its kind has. */
export const hostFactsMissing = defineRule({
  name: 'host-facts-missing',
  over: 'host',
  level: 'warning',
  group: 'contract',
  summary: 'A host leaves out what decides whether a layout holds on it.',
  since: '0.1.0',
  why: `A verdict is as good as the host it was made for. Linux keeps the same ranges behind every IOMMU of a model, whatever
the machine: 0x8000000-0x80fffff behind an Arm SMMU (\`arm_smmu_get_resv_regions\`), 0xfee00000-0xfeefffff on x86
(\`intel_iommu_get_resv_regions\`, \`amd_iommu_get_resv_regions\`), the HyperTransport range below 1 TiB on AMD, which is
free only where every IOMMU advertises HTRangeIgnore. A host that doesn't list them makes a guest pass that won't start.
The width of IOVAs and the page sizes are taken to be the usual ones where they aren't given; a client part with 39 bits or
a kernel with 64 KiB pages refuses what the usual one takes. On the machine itself,
\`cat /sys/kernel/iommu_groups/*/reserved_regions\` and \`getconf PAGESIZE\` tell.`,

  examples: [
    bad(
      `
      host altra {
           ^^^^^ Linux keeps 0x8000000-0x80fffff behind \`smmu0\`, as behind every smmu-v3 (sw-msi), and \`altra\` doesn’t say so: RAM there would pass here and fail on the machine
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
        }
        group 14 { device nic "0000:01:00.0" }
      }
    `,
      fixed('Write that `smmu0` keeps 0x8000000-0x80fffff', `
              bits 48
        +     reserved msi at 0x800_0000 size 1 MiB kind sw-msi
      `),
    ),
    bad(
      `
      host client {
           ^^^^^^ the width of \`dmar0\` isn’t given; assumed is second stage, 48 bits (many client parts have 39; first-stage tables, which 7.x prefers, 47)
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 12 { device gpu "0000:01:00.0" }
      }
    `,
      fixed('Write `bits 48`, which is assumed', `
              reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        +     bits 48
      `),
    ),
    bad(
      `
      host ampere {
           ^^^^^^ \`ampere\` doesn’t give its base page and the granule of \`smmu0\`; 4 KiB are assumed, and a kernel with larger pages refuses what isn’t aligned to them
        arch arm64
        kernel 6.12
        iommu smmu0 {
          model smmu-v3
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }
    `,
      fixed('Write the page sizes that are assumed', `
              reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        +     granule 4 KiB
        …
            group 14 { device nic "0000:01:00.0" }
        +   page 4 KiB
      `),
    ),
    good(`
      host ampere {
        arch arm64
        kernel 6.12
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          aperture 0x1000_0000 ..= 0xffff_ffff_ffff
        }
        group 14 {
          device nic "0000:01:00.0"
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
      }
    `),
  ],

  check: ({ host, evaluator }) => (host.iommus.length + host.devices.length > 0 ? [...host.iommus.flatMap((iommu) => missingBehind(iommu, host, evaluator)), ...missingPages(host), ...missingIommu(host)] : []),
  locate: ({ host }) => host.element,
  message: ({ message }) => message,
  notes: ({ iommu }): Note[] => (iommu ? [{ place: namePlace(iommu.element), message: `\`${iommu.name}\` is declared here` }] : []),
  fixes: ({ fix }) => (fix ? [fix] : []),
});

interface MissingFact {
  readonly host: Host;
  /** Whose fact it is; nothing where it is the host's own. */
  readonly iommu: Iommu | undefined;
  readonly message: string;
  readonly fix: Fix | undefined;
}

const missingBehind = (iommu: Iommu, host: Host, evaluator: Evaluator): MissingFact[] => [
  ...missingModel(iommu, host),
  ...missingRanges(iommu, host, evaluator),
  ...missingWidth(iommu, host),
];

/** Blocks that are listed stand for a model. */
function missingModel(iommu: Iommu, host: Host): MissingFact[] {
  const isTold = iommu.element.properties.has('model') || iommu.element.properties.has('blocks');
  const message = `neither the model nor the blocks of \`${iommu.name}\` are given: leaves of 4 KiB, 2 MiB and 1 GiB are assumed, and what it keeps can’t be known`;
  return isTold ? [] : [{ host, iommu, message, fix: undefined }];
}

/** One for each range that the model is known to keep and no declaration covers. */
function missingRanges(iommu: Iommu, host: Host, evaluator: Evaluator): MissingFact[] {
  if (iommu.model === undefined) return [];
  const told = declaredBehind(iommu, host);
  const denied = deniedBehind(iommu, evaluator);
  const missing = publishedByDefault(iommu.model, host.arch ?? ARCH_OF_MODEL.get(iommu.model) ?? '').filter(
    ({ range }) => told.some((reserved) => subtract(range, [...reserved.filter(isExcluded).map((one) => one.range), ...denied]).length > 0),
  );
  return missing.map((published) => ({
    host,
    iommu,
    message: `Linux keeps ${formatRange(published.range)} behind \`${iommu.name}\`, as behind every ${iommu.model} (${published.kind}), and \`${host.name}\` doesn’t say so: RAM there would pass here and fail on the machine`,
    fix: { title: `Write that \`${iommu.name}\` keeps ${formatRange(published.range)}`, safe: false, reveals: true, edits: [linesInto(iommu.element, [rangeLine(published, iommu)])] },
  }));
}

/** What each device behind an IOMMU keeps; without one, what the IOMMU does. A group may tell what another leaves out. */
function declaredBehind(iommu: Iommu, host: Host): (readonly Reserved[])[] {
  const behind = host.devices.filter((device) => device.iommu === iommu);
  return behind.length > 0 ? behind.map(({ reserved }) => reserved) : [iommu.reserved];
}

/** What is declared with a `when` that is false: that it isn't kept here is told, too. */
const deniedBehind = ({ element }: Iommu, evaluator: Evaluator): Range[] =>
  element.children
    .filter((child) => child.keyword === 'reserved' && presence(child, evaluator) === false)
    .flatMap((child) => rangeOfElement(child, evaluator) ?? []);

const ARCH_OF_MODEL: ReadonlyMap<string, string> = new Map([
  ['smmu-v3', 'arm64'],
  ['smmu-v2', 'arm64'],
  ['dart', 'arm64'],
  ['vt-d', 'x86_64'],
  ['amd-v1', 'x86_64'],
  ['amd-v2', 'x86_64'],
  ['riscv', 'riscv64'],
  ['s390', 's390x'],
]);

const rangeLine = ({ name, range, kind }: PublishedRange, { element }: Iommu): string =>
  `reserved ${freshName(element, name)} at ${writeAddress(range.base)} size ${writeSize(range.end - range.base)} kind ${kind}`;

function missingWidth(iommu: Iommu, host: Host): MissingFact[] {
  const { properties } = iommu.element;
  if (properties.has('bits') || properties.has('aperture')) return [];
  const { defaultAperture, assumed } = formatOf(iommu, host);
  const bits = log2(defaultAperture.end);
  const why = assumed.find((words) => words.includes(`${bits} bits`));
  const message = `the width of \`${iommu.name}\` isn’t given; assumed is ${why ?? `${bits} bits`}`;
  const fix = { title: `Write \`bits ${bits}\`, which is assumed`, safe: false, reveals: true, edits: [linesInto(iommu.element, [`bits ${bits}`])] };
  return [{ host, iommu, message, fix }];
}

/** The base page, and the granule where the model has a choice: one fact, since one is taken for the other. */
function missingPages(host: Host): MissingFact[] {
  const iommus = host.iommus.filter(lacksGranule);
  const lacksPage = !host.element.properties.has('page');
  if (!lacksPage && iommus.length === 0) return [];
  const words = [...(lacksPage ? ['its base page'] : []), ...iommus.map(({ name }) => `the granule of \`${name}\``)].join(' and ');
  const assumed = [...new Set([...(lacksPage ? [hostPage(host)] : []), ...iommus.map((iommu) => granuleOf(iommu, host))])].map(formatSize).join(' and ');
  const message = `\`${host.name}\` doesn’t give ${words}; ${assumed} are assumed, and a kernel with larger pages refuses what isn’t aligned to them`;
  const edits = [
    ...iommus.map((iommu) => linesInto(iommu.element, [`granule ${formatSize(granuleOf(iommu, host))}`])),
    ...(lacksPage ? [linesInto(host.element, [`page ${formatSize(hostPage(host))}`])] : []),
  ];
  return [{ host, iommu: iommus[0], message, fix: { title: 'Write the page sizes that are assumed', safe: false, reveals: true, edits } }];
}

/** Models whose tables come in more than one granule. */
const CHOOSES_GRANULE: ReadonlySet<string> = new Set(['smmu-v3', 'smmu-v2', 'virtio', 'dart']);

const lacksGranule = ({ model, element: { properties } }: Iommu): boolean =>
  model !== undefined && CHOOSES_GRANULE.has(model) && !properties.has('granule') && !properties.has('blocks');

const granuleOf = (iommu: Iommu, host: Host): bigint => formatOf(iommu, host).granule;

function missingIommu(host: Host): MissingFact[] {
  const without = host.devices.find(({ iommu }) => !iommu);
  const message = `\`${host.name}\` declares no \`iommu\`: what its devices can reach, and what is kept from them, can’t be known`;
  return without && host.iommus.length === 0 ? [{ host, iommu: undefined, message, fix: undefined }] : [];
}
