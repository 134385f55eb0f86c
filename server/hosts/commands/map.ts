import {
  COLOURED, mapMarkdown, mapOf, mapText, PLAIN, svgPicture, type CheckedVm, type CheckResult, type MapModel, type PictureOptions,
} from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { Misuse, tell, type Session } from '../session.js';
import { checkedFile, chosenVms, fileIn, HOST, judged, VM } from './chosen-vms.js';
import { TODAY, type Command } from './command.js';

export const map: Command = {
  name: 'map',
  operands: 'FILE',
  about: 'the memory map: guest-physical addresses, IOVAs and the memory behind them',
  details: () => `A map for each vm of the file on each of its hosts. An SVG stands by itself, and follows its reader’s
light or dark surroundings. The status is 1 if \`check\` finds an error in what is shown.`,
  options: [
    VM,
    HOST,
    { name: 'format', value: 'text|svg|markdown', about: 'what to print: text (the default), svg or markdown' },
    { name: 'scale', value: 'compressed|exact', about: 'of an SVG: empty stretches drawn short (the default), or all addresses alike' },
    { name: 'from', value: 'ADDRESS', about: 'of an SVG: the first address to draw, such as 0x800_0000' },
    { name: 'to', value: 'ADDRESS', about: 'of an SVG: the last address to draw' },
    TODAY,
  ],
  async run(args, session) {
    const format = choice('map', args, 'format', ['text', 'svg', 'markdown']);
    const options = pictureOptions(args, format);
    const name = fileIn('map', args.operands);
    const { result } = await checkedFile('map', name, args, session);
    const shown = chosenVms('map', result.vms, name, args);
    if (shown.length === 0) tell(session, `${name}: no vm is declared here that could be drawn`);
    session.out.write(drawn(modelsOf(shown, result), format, options, session));
    return judged(result, shown, name, session);
  },
};

const modelsOf = (shown: readonly CheckedVm[], { findings }: CheckResult): MapModel[] => shown.map(({ vm, plan }) => mapOf(vm, plan, findings));

function drawn(models: readonly MapModel[], format: 'text' | 'svg' | 'markdown', options: PictureOptions, session: Session): string {
  if (format === 'svg') return svgPicture(models.map((model) => ({ models: [model] })), options);
  return format === 'markdown' ? mapMarkdown(models) : mapText(models, session.out.colour ? COLOURED : PLAIN);
}

function pictureOptions(args: Arguments, format: string): PictureOptions {
  for (const option of ['scale', 'from', 'to']) {
    if (format !== 'svg' && args.has(option)) throw new Misuse(`map: \`--${option}\` is for \`--format svg\``);
  }
  const [from, to] = [addressIn(args, 'from') ?? 0n, addressIn(args, 'to') ?? LAST];
  if (to < from) throw new Misuse('map: `--to` is below `--from`');
  const scale = choice('map', args, 'scale', ['compressed', 'exact']);
  return args.has('from') || args.has('to') ? { scale, window: { base: from, end: to + 1n } } : { scale };
}

const LAST = (1n << 64n) - 1n;

function addressIn(args: Arguments, option: string): bigint | undefined {
  const written = args.value(option);
  if (written === undefined) return undefined;
  const address = /^(?:0[xX][0-9a-fA-F_]{1,40}|\d[\d_]{0,40})$/.test(written) && /[0-9a-fA-F]$/.test(written) ? BigInt(written.replaceAll('_', '')) : undefined;
  if (address === undefined || address > LAST) throw new Misuse(`map: \`--${option}\` asks for an address such as 0x800_0000, below 2^64, not \`${written}\``);
  return address;
}
