import { formatSize, GIB, KIB, MIB } from './address.js';

/** Pages that a host can have, in bytes, by what its architecture is called here. Nothing is known of those that are left out. */

/** What Linux can be built with (arch/<arch>/Kconfig, `ARM64_4K_PAGES` and the like). */
const BASE_PAGES: Readonly<Record<string, readonly bigint[]>> = {
  x86_64: [4n * KIB],
  arm64: [4n * KIB, 16n * KIB, 64n * KIB],
  riscv64: [4n * KIB],
  loongarch64: [4n * KIB, 16n * KIB, 64n * KIB],
  s390x: [4n * KIB],
  ppc64: [4n * KIB, 64n * KIB],
};

/**
 * What hugetlbfs can have, by base page: arch/x86/mm/hugetlbpage.c, arch/arm64/mm/hugetlbpage.c (contiguous entries, too),
 * arch/riscv/mm/hugetlbpage.c (with Svnapot), arch/s390/mm/hugetlbpage.c.
 */
const HUGE_PAGES: Readonly<Record<string, ReadonlyMap<bigint, readonly bigint[]>>> = {
  x86_64: new Map([[4n * KIB, [2n * MIB, GIB]]]),
  arm64: new Map([
    [4n * KIB, [64n * KIB, 2n * MIB, 32n * MIB, GIB]],
    [16n * KIB, [2n * MIB, 32n * MIB, GIB]],
    [64n * KIB, [2n * MIB, 512n * MIB, 16n * GIB]],
  ]),
  riscv64: new Map([[4n * KIB, [64n * KIB, 2n * MIB, GIB]]]),
  s390x: new Map([[4n * KIB, [MIB, 2n * GIB]]]),
};

/** Why an architecture can't have a base page, in words; nothing where it can, or isn't known. */
export function whyNoBasePage(page: bigint, arch: string | undefined): string | undefined {
  const pages = arch === undefined ? undefined : BASE_PAGES[arch];
  return pages && !pages.includes(page) ? `${arch} has no pages of ${formatSize(page)}, but of ${sizesText(pages)}` : undefined;
}

/** Huge pages that there can be, in bytes; without a base page (bytes) those of all that the architecture can have. Nothing where it isn't known. */
export function hugePagesOf(arch: string | undefined, page: bigint | undefined): readonly bigint[] | undefined {
  const byPage = arch === undefined ? undefined : HUGE_PAGES[arch];
  return byPage && (page === undefined ? [...new Set([...byPage.values()].flat())] : byPage.get(page));
}

/** Why there can be no huge page of a size (bytes), in words; nothing where there can, or it isn't known. */
export function whyNoHugePage(size: bigint, arch: string | undefined, page: bigint | undefined): string | undefined {
  const sizes = hugePagesOf(arch, page);
  if (arch === undefined || !sizes || sizes.includes(size)) return undefined;
  const at = page !== undefined && (HUGE_PAGES[arch]?.size ?? 0) > 1 ? ` with pages of ${formatSize(page)}` : '';
  return `${arch}${at} has no huge pages of ${formatSize(size)}, but of ${sizesText(sizes)}`;
}

function sizesText(sizes: readonly bigint[]): string {
  const [last = '', ...others] = [...sizes].sort((left, right) => (left < right ? 1 : -1)).map(formatSize);
  return others.length > 0 ? `${others.reverse().join(', ')} and ${last}` : last;
}
