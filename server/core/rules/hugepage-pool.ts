import { largestFirst } from '../dma/leaves.js';
import { alignUp, formatCount, formatSize } from '../layout/address.js';
import { namePlace, type Host, type HugepagePool } from '../layout/model.js';
import { hugePagesOf, whyNoHugePage } from '../layout/page-sizes.js';
import { claimant, claimsOf, isCommon, isOnlyThere, isOwnText, type Claim } from './host-load.js';
import { bad, defineRule, fixed, good, type Blamed, type Fix, type HostLoad, type VmSubject } from './rule.js';
import { ofHugePages } from './wanted-pages.js';

/** More huge pages are needed than the host has set aside, or such as it can't have. */
export const hugepagePool = defineRule({
  name: 'hugepage-pool',
  over: 'vm',
  level: 'error',
  group: 'fragmentation',
  summary: 'The guests of a host need more huge pages than it has set aside, or such as it can’t have.',
  since: '0.1.0',
  why: `mmap of hugetlbfs reserves every page of a backing or fails with ENOMEM (mm/hugetlb.c \`hugetlb_acct_memory\`), so the
guest that starts last doesn't. The reservation doesn't look at nodes: where a backing is bound to one that has too few
pages, the VMM's preallocation fails, or later the guest's access ends in SIGBUS.

Guests that are on one host alone are added up, with what each backing takes in whole pages and a backing at the top of the
file once. One that is on several hosts must find room beside those. Sizes that the host doesn't tell aren't judged, nor are
pages that \`nr_overcommit_hugepages\` would add.

Which sizes there are is a matter of the architecture and its base page. Of others there are none to set aside: hugetlbfs
can't be mounted with them (fs/hugetlbfs/inode.c \`hugetlbfs_parse_param\`), and memfd_create has no file of them
(\`hugetlb_file_setup\`).`,

  examples: [
    bad(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        hugepages 1 GiB count 8 node 0
        hugepages 1 GiB count 8 node 1
      }

      vm first on xeon {
        backing ram0 size 6 GiB hugetlb 1 GiB node 0
        ram low at 0 size 6 GiB from ram0
      }

      vm second on xeon {
        backing ram0 size 4 GiB hugetlb 1 GiB node 0
                ^^^^ the vms on \`xeon\` need 10 pages of 1 GiB on node 0, and it has 8: in the one that starts last preallocation fails, or its access ends in SIGBUS
        ram low at 0 size 4 GiB from ram0
      }
    `),
    bad(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        hugepages 2 MiB count 1024
      }

      vm large on xeon {
        ram low at 0 size 3 GiB backing hugetlb 2 MiB
            ^^^ \`large\` needs 1,536 pages of 2 MiB, and \`xeon\` has 1,024: mmap fails with ENOMEM at start-up
      }
    `),
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
      }

      vm web on altra {
        backing ram0 size 8 GiB hugetlb 1 GiB
                ^^^^ \`altra\` can’t have the pages of \`ram0\`: arm64 with pages of 64 KiB has no huge pages of 1 GiB, but of 2 MiB, 512 MiB and 16 GiB
        ram low at 0x4000_0000 size 8 GiB from ram0
      }
    `,
      fixed('Make `ram0` of 512 MiB pages', `
        -   backing ram0 size 8 GiB hugetlb 1 GiB
        +   backing ram0 size 8 GiB hugetlb 512 MiB
      `),
    ),
    good(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        hugepages 1 GiB count 8 node 0
        hugepages 1 GiB count 8 node 1
      }

      vm first on xeon {
        backing ram0 size 6 GiB hugetlb 1 GiB node 0
        ram low at 0 size 6 GiB from ram0
      }

      vm second on xeon {
        backing ram0 size 6 GiB hugetlb 1 GiB node 1
        ram low at 0 size 6 GiB from ram0
      }
    `),
  ],

  check: ({ vm, host }) => (host ? wantingAlone(demandsOf([vm]), host) : []),
  checkTogether: shortagesTogether,
  locate: ({ claim }: Shortage | Impossible) => claimant(claim),
  message: wordsOf,
  notes: (fact) => (fact.kind === 'impossible' ? [] : fact.pools).map(({ element, count }) => ({ place: namePlace(element), message: `${formatCount(count ?? 0n)} are set aside here` })),
  fixes: possiblePages,
});

/** Whole pages that a guest's backing needs. */
interface Demand {
  readonly claim: Claim;
  /** The declaration of the backing: one that several guests take from is needed once. */
  readonly key: unknown;
  readonly page: bigint;
  readonly pages: bigint;
  readonly node: number | undefined;
}

/** Pages that the host can't have. */
interface Impossible {
  readonly kind: 'impossible';
  readonly host: Host;
  readonly claim: Claim;
  readonly page: bigint;
  /** In words. */
  readonly why: string;
}

interface Shortage {
  readonly kind: 'shortage';
  readonly host: Host;
  readonly claim: Claim;
  readonly page: bigint;
  readonly need: bigint;
  readonly has: bigint;
  /** Nothing where it is the pages of all nodes that are too few. */
  readonly node: number | undefined;
  readonly pools: readonly HugepagePool[];
  /** Who needs them: the guest alone, all guests of the host, or this one beside those that are nowhere else. */
  readonly who: 'alone' | 'all' | 'beside';
}

function demandsOf(vms: readonly VmSubject['vm'][]): Demand[] {
  const demands = new Map<unknown, Demand>();
  for (const claim of vms.flatMap(claimsOf)) {
    const { kind, page, size, element, node } = claim.backing;
    if (kind !== 'hugetlb' || page === undefined || size === undefined) continue;
    const key = isCommon(claim.vm, claim.backing) ? element.origin.declaration : element;
    if (!demands.has(key)) demands.set(key, { claim, key, page, pages: alignUp(size, page) / page, node });
  }
  return [...demands.values()];
}

const wantingAlone = (demands: readonly Demand[], host: Host): (Shortage | Impossible)[] => [...impossibleOf(demands, host), ...shortagesOf(demands, host, 'alone')];

/** A pool of such pages is told where the host declares it. */
function impossibleOf(demands: readonly Demand[], host: Host): Impossible[] {
  return demands.flatMap(({ claim, page }) => {
    const why = whyNoHugePage(page, host.arch, host.page);
    return why === undefined ? [] : [{ kind: 'impossible' as const, host, claim, page, why }];
  });
}

/** The next smaller and the next larger pages that there can be. */
function possiblePages(fact: Shortage | Impossible): Fix[] {
  const { host, claim, page } = fact;
  if (fact.kind !== 'impossible' || !isOwnText(claim)) return [];
  const sizes = largestFirst(hugePagesOf(host.arch, host.page) ?? []);
  const nearest = [sizes.find((size) => size < page), sizes.findLast((size) => size > page)];
  return nearest.flatMap((size) => (size === undefined ? [] : ofHugePages(claim.backing, size)));
}

/** For each page size the nodes that have too few, or else the host as a whole; blamed is the first demand that isn't met. */
function shortagesOf(demands: readonly Demand[], host: Host, who: Shortage['who']): Shortage[] {
  return [...new Set(demands.map(({ page }) => page))].flatMap((page) => {
    const pools = host.hugepages.filter(({ size }) => size === page);
    const wanted = demands.filter((demand) => demand.page === page);
    if (pools.length === 0 || pools.some(({ count }) => count === undefined)) return [];
    const nodes = pools.every(({ node }) => node !== undefined) ? [...new Set(wanted.flatMap(({ node }) => node ?? []))] : [];
    const onNodes = nodes.flatMap((node) =>
      shortage(wanted.filter((demand) => demand.node === node), pools.filter((pool) => pool.node === node), { host, page, node, who }),
    );
    return onNodes.length > 0 ? onNodes : shortage(wanted, pools, { host, page, node: undefined, who });
  });
}

function shortage(wanted: readonly Demand[], pools: readonly HugepagePool[], facts: Pick<Shortage, 'host' | 'page' | 'node' | 'who'>): Shortage[] {
  const has = pools.reduce((sum, { count }) => sum + (count ?? 0n), 0n);
  const need = wanted.reduce((sum, { pages }) => sum + pages, 0n);
  let taken = 0n;
  const short = wanted.find(({ pages }) => (taken += pages) > has);
  return short ? [{ kind: 'shortage', ...facts, claim: short.claim, need, has, pools }] : [];
}

const shortAlone = new WeakMap<VmSubject, boolean>();

/** Whether a guest finds too few by itself; found once, since an edit of another changes nothing of it. */
function isShortAlone(subject: VmSubject, host: Host): boolean {
  const isShort = shortAlone.get(subject) ?? shortagesOf(demandsOf([subject.vm]), host, 'alone').length > 0;
  shortAlone.set(subject, isShort);
  return isShort;
}

/** Guests that find too few by themselves are told of that, and not counted. */
function shortagesTogether({ host, vms }: HostLoad): Blamed<Shortage>[] {
  const alone = vms.filter((subject) => !isShortAlone(subject, host));
  const sure = alone.filter(isOnlyThere);
  const all = sure.length > 1 ? shortagesOf(demandsOf(sure.map(({ vm }) => vm)), host, 'all') : [];
  const full = new Set(all.map(({ page }) => page));
  const beside = alone.filter((subject) => !isOnlyThere(subject)).flatMap((subject) =>
    shortagesOf(demandsOf([...sure.map(({ vm }) => vm), subject.vm]), host, 'beside').filter(({ page, claim }) => !full.has(page) && claim.vm === subject.vm),
  );
  return [...all, ...beside].flatMap((fact) => {
    const subject = vms.find(({ vm }) => vm === fact.claim.vm);
    return subject ? [{ subject, fact }] : [];
  });
}

function wordsOf(fact: Shortage | Impossible): string {
  const { host, claim, page } = fact;
  if (fact.kind === 'impossible') return `\`${host.name}\` can’t have the pages of \`${claim.backing.name}\`: ${fact.why}`;
  const { need, has, node, who } = fact;
  const pages = `${formatCount(need)} pages of ${formatSize(page)}${node === undefined ? '' : ` on node ${node}`}`;
  const shortfall = node === undefined ? 'mmap fails with ENOMEM' : 'preallocation fails, or its access ends in SIGBUS';
  if (who === 'alone') return `\`${claim.vm.name}\` needs ${pages}, and \`${host.name}\` has ${formatCount(has)}: ${node === undefined ? `${shortfall} at start-up` : shortfall}`;
  if (who === 'all') return `the vms on \`${host.name}\` need ${pages}, and it has ${formatCount(has)}: in the one that starts last ${shortfall}`;
  return `beside the vms that are on \`${host.name}\` alone, \`${claim.vm.name}\` makes ${pages} that are needed, and it has ${formatCount(has)}: ${shortfall} when it starts there`;
}
