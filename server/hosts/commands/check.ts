import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  applyEdits, checkFile, checkJson, checkText, COLOURED, countReports, fixAll, openDocument, PLAIN, reportFile, type CheckOptions, type FileReport,
} from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { BYTE_ORDER_MARK, type Readable } from '../bytes.js';
import { Files, inWords, readInput, STANDARD_INPUT } from '../files.js';
import { Misuse, STATUS, tell, type Session, type Sink } from '../session.js';
import { checkOptions } from './check-options.js';
import { FORMAT, TODAY, type Command } from './command.js';
import { namedFiles } from './named-files.js';

export const check: Command = {
  name: 'check',
  operands: 'FILES…',
  about: 'what a real machine would refuse, and what the layout costs in IOMMU leaves',
  details: () => 'A directory stands for every .vmlayout file below it, `-` for standard input.',
  options: [
    FORMAT,
    { name: 'fix', about: 'apply safe fixes and print the text; what is left is told on standard error' },
    { name: 'write', about: 'with --fix: store the text instead' },
    { name: 'max-warnings', value: 'N', about: 'fail if there are more warnings' },
    { name: 'rule', value: 'RULE=LEVEL', about: 'the level of a rule: error, warning, note or off; policies have the last word', many: true },
    TODAY,
  ],
  async run(args, session) {
    const wanted = wantedBy(args, session);
    const names = namedFiles('check', args.operands, session);
    refuseMixedTexts(names, wanted);
    const files = new Files(session.folder);
    const reports: FileReport[] = [];
    let unread = false;
    for (const name of names) {
      const loaded = name === STANDARD_INPUT ? await readInput(session.input()) : files.read(name);
      if ('error' in loaded) tell(session, `${name}: ${loaded.error}`);
      if ('error' in loaded) unread = true;
      else reports.push(wanted.fix ? fixed(name, loaded, files, wanted, session) : checked(name, loaded.text, files, wanted.options));
    }
    if (!unread || reports.length > 0) report(reports, wanted, wanted.fix && !wanted.write ? session.err : session.out);
    return unread ? STATUS.misuse : judged(reports, wanted, session);
  },
};

interface Wanted {
  readonly format: 'text' | 'json';
  readonly fix: boolean;
  readonly write: boolean;
  readonly mostWarnings: number;
  readonly options: CheckOptions;
}

function wantedBy(args: Arguments, session: Session): Wanted {
  const most = args.value('max-warnings');
  if (most !== undefined && !/^\d{1,9}$/.test(most)) throw new Misuse(`check: \`--max-warnings\` asks for a number, not \`${most}\``);
  const [fix, write] = [args.has('fix'), args.has('write')];
  if (write && !fix) throw new Misuse('check: `--write` stores what `--fix` mends, and that isn’t given');
  return { format: choice('check', args, 'format', ['text', 'json']), fix, write, mostWarnings: most === undefined ? Infinity : Number(most), options: checkOptions('check', args, session) };
}

/** Fixed texts that are printed must not run into each other, and standard input has no place to be stored. */
function refuseMixedTexts(names: readonly string[], { fix, write }: Wanted): void {
  if (fix && !write && names.length > 1) throw new Misuse(`check: \`--fix\` prints one file; store ${names.length} with \`--write\``);
  if (write && names.includes(STANDARD_INPUT)) throw new Misuse('check: standard input can’t be stored; leave `--write` out');
}

function checked(name: string, text: string, files: Files, options: CheckOptions): FileReport {
  const world = files.worldOf(name, openDocument(text));
  return reportFile(name, world, options, checkFile(name, world, options));
}

/** Mends a file, prints or stores it, and reports what is left. */
function fixed(name: string, loaded: Readable, files: Files, { write, options }: Wanted, session: Session): FileReport {
  const edits = fixAll(name, files.worldOf(name, openDocument(loaded.text)), options);
  const text = applyEdits(loaded.text, edits);
  const whole = `${loaded.bom ? BYTE_ORDER_MARK : ''}${text}`;
  if (!write) session.out.write(whole);
  else if (edits.length > 0) store(name, whole, session);
  return checked(name, text, files, options);
}

function store(name: string, text: string, session: Session): void {
  try {
    writeFileSync(path.resolve(session.folder, name), text);
  } catch (error) {
    throw new Misuse(`${name}: ${inWords(error, 'written')}`);
  }
}

function report(reports: readonly FileReport[], { format }: Wanted, sink: Sink): void {
  sink.write(format === 'json' ? checkJson(reports) : checkText(reports, sink.colour ? COLOURED : PLAIN));
}

function judged(reports: readonly FileReport[], { mostWarnings }: Wanted, session: Session): number {
  const { errors, warnings } = countReports(reports);
  if (warnings > mostWarnings) tell(session, `more warnings than --max-warnings allows (${mostWarnings})`);
  return errors > 0 || warnings > mostWarnings ? STATUS.found : STATUS.fine;
}
