import { applyOffer, check, checkLint, offersOf, type Checked } from './check.js';

/** Layouts that stand on a host in a file of its own, which is not linted with them. */

/** An Arm server with an SMMUv3; `quirk` is kept for the second card alone. */
export const ARM = `
  arch arm64
  kernel 6.6
  page 4 KiB
  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "0000:01:00.0" }
  group 15 {
    device gpu "0000:02:00.0"
    reserved quirk at 0x6000_0000 size 1 MiB kind reserved
  }
`;

/** A PC with VT-d of 39 bits, a card with BARs, and one with an RMRR. */
export const PC = `
  arch x86_64
  kernel 6.12
  page 4 KiB
  iommu dmar0 {
    model vt-d
    bits 39
    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }
  group 1 {
    device gpu "0000:01:00.0" {
      bar 0 size 16 MiB
      bar 1 size 256 MiB
    }
  }
  group 2 {
    device nic "0000:05:00.0"
    device nic1 "0000:05:00.1"
    reserved rmrr at 0x7000_0000 size 1 MiB kind direct
  }
`;

/** A layout on a host, as two files. */
export const on = (host: string, layout: string): string => `import "host.vmlayout"\n${unindent(layout)}\n--- host.vmlayout\nhost box {${host}}\n`;

/** Without the indentation of the test. */
function unindent(text: string): string {
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const least = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(least)).join('\n');
}

/** What the linter says of a layout on a host. */
export const lint = (host: string, layout: string): Checked => checkLint(on(host, layout));

/** Checks a layout beside the file of its host. */
export const checkOn = (host: string, text: string): Checked => check(text, new Map([['host.vmlayout', host]]));

/** What every offered fix makes of a layout. */
export function offersIn(picture: string): { title: string; text: string }[] {
  const [main = '', host = ''] = picture.split('--- host.vmlayout\n');
  const checked = checkOn(host, main);
  return checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map((offer) => ({ title: offer.title, text: applyOffer(checked, offer) }));
}
