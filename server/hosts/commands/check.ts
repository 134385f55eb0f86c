import { setFlagsFromString } from 'node:v8';
import {
  applyEdits, CHECK_FORMATS, checkGithub, checkJson, checkJunit, checkSarif, checkText, COLOURED, countReports, fixAll, openDocument, PLAIN, type CheckFormat,
  type CheckOptions, type FileReport,
} from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { edited, type Readable } from '../bytes.js';
import { Configurations, type FoundConfiguration } from '../configurations.js';
import { reportNamed, reportText, type CheckOutcome } from '../file-reports.js';
import { Files, readInput, STANDARD_INPUT } from '../files.js';
import { Progress } from '../progress.js';
import { Misuse, STATUS, tell, type Session, type Sink } from '../session.js';
import { readText, store } from '../texts.js';
import { inThreads, threadsFor } from '../threads.js';
import { VERSION } from '../version.js';
import { checkOptions } from './check-options.js';
import { TODAY, type Command } from './command.js';
import { namedFiles } from './named-files.js';

export const check: Command = {
  name: 'check',
  operands: 'FILES…',
  about: 'what a real machine would refuse, and what the layout costs in IOMMU leaves',
  details: () => `A directory stands for every .vmlayout file below it, a glob for those it matches, \`-\` for standard input.
Without files, those that \`include\` names in the vmlayout.json of the working directory, or above it, are checked.`,
  options: [
    { name: 'format', value: CHECK_FORMATS.join('|'), about: 'what to print (default: text, or what vmlayout.json says)' },
    { name: 'fix', about: 'apply safe fixes and print the text; what is left is told on standard error' },
    { name: 'write', about: 'with --fix: store the text instead' },
    { name: 'max-warnings', value: 'N', about: 'fail if there are more warnings' },
    { name: 'rule', value: 'RULE=LEVEL', about: 'the level of a rule: error, warning, note or off; policies have the last word', many: true },
    TODAY,
  ],
  async run(args, session) {
    const files = new Files(session.folder);
    const configurations = new Configurations(session.folder, files);
    const wanted = wantedBy(args, session, configurations);
    const names = namedFiles('check', args.operands, session, configurations);
    refuseMixedTexts(names, wanted);
    const outcomes = wanted.fix ? await fixed(names, files, wanted, session) : await checked(names, files, wanted, session);
    const reports = outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome]));
    for (const [index, outcome] of outcomes.entries()) if ('error' in outcome) tell(session, `${names[index]}: ${outcome.error}`);
    const unread = reports.length < outcomes.length;
    if (!unread || reports.length > 0) report(reports, wanted, wanted.fix && !wanted.write ? session.err : session.out);
    return unread ? STATUS.misuse : judged(reports, wanted, session);
  },
};

interface Wanted {
  readonly format: CheckFormat;
  readonly fix: boolean;
  readonly write: boolean;
  readonly mostWarnings: number;
  optionsFor(name: string): CheckOptions;
}

function wantedBy(args: Arguments, session: Session, configurations: Configurations): Wanted {
  const most = args.value('max-warnings');
  if (most !== undefined && !/^\d{1,9}$/.test(most)) throw new Misuse(`check: \`--max-warnings\` asks for a number, not \`${most}\``);
  const [fix, write] = [args.has('fix'), args.has('write')];
  if (write && !fix) throw new Misuse('check: `--write` stores what `--fix` mends, and that isn’t given');
  const format = choice('check', args, 'format', CHECK_FORMATS);
  // What is wrong with the arguments is said before any file is read.
  const options = new Map<FoundConfiguration | undefined, CheckOptions>([[undefined, checkOptions('check', args, session)]]);
  const optionsFor = (name: string): CheckOptions => {
    const configuration = configurations.of(name);
    const known = options.get(configuration) ?? checkOptions('check', args, session, configuration);
    options.set(configuration, known);
    return known;
  };
  const { own } = configurations;
  return {
    format: args.has('format') ? format : own?.format ?? format,
    fix,
    write,
    mostWarnings: most === undefined ? own?.maxWarnings ?? Infinity : Number(most),
    optionsFor,
  };
}

/** Fixed texts that are printed must not run into each other, and standard input has no place to be stored. */
function refuseMixedTexts(names: readonly string[], { fix, write }: Wanted): void {
  if (fix && !write && names.length > 1) throw new Misuse(`check: \`--fix\` prints one file; store ${names.length} with \`--write\``);
  if (write && names.includes(STANDARD_INPUT)) throw new Misuse('check: standard input can’t be stored; leave `--write` out');
}

async function checked(names: readonly string[], files: Files, { optionsFor }: Wanted, session: Session): Promise<CheckOutcome[]> {
  // Garbage is looked for when the heap has grown by a quarter, not when it is several times as large: of a long file most is garbage soon.
  setFlagsFromString('--heap-growing-percent=25');
  const progress = new Progress(session, names.length);
  const threads = names.includes(STANDARD_INPUT) ? 0 : threadsFor(names, session);
  const outcomes: CheckOutcome[] = [];
  if (threads > 0 && session.startThread) {
    const tasks = names.map((name) => ({ folder: session.folder, name, options: optionsFor(name) }));
    outcomes.push(...(await inThreads(tasks, threads, session.startThread, () => progress.step())));
  } else {
    for (const name of names) {
      outcomes.push(name === STANDARD_INPUT ? await checkedInput(files, optionsFor(name), session) : reportNamed(name, files, optionsFor(name)));
      progress.step();
    }
  }
  progress.end();
  return outcomes;
}

async function checkedInput(files: Files, options: CheckOptions, session: Session): Promise<CheckOutcome> {
  const loaded = await readInput(session.input());
  return 'error' in loaded ? loaded : reportText(STANDARD_INPUT, loaded.text, files, options);
}

/** Mends files, prints or stores them, and reports what is left. */
async function fixed(names: readonly string[], files: Files, wanted: Wanted, session: Session): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const name of names) {
    const loaded = await readText(name, session, files);
    outcomes.push('error' in loaded ? loaded : mended(name, loaded, files, wanted, session));
  }
  return outcomes;
}

function mended(name: string, loaded: Readable, files: Files, { write, optionsFor }: Wanted, session: Session): FileReport {
  const options = optionsFor(name);
  const edits = fixAll(name, files.worldOf(name, openDocument(loaded.text)), options);
  const whole = edited(loaded, edits);
  if (!write) session.out.write(whole);
  else if (edits.length > 0) store(name, whole, session);
  return reportText(name, applyEdits(loaded.text, edits), files, options);
}

const WRITERS: Readonly<Record<CheckFormat, (reports: readonly FileReport[], colour: boolean) => string>> = {
  text: (reports, colour) => checkText(reports, colour ? COLOURED : PLAIN),
  json: checkJson,
  sarif: (reports) => checkSarif(reports, VERSION),
  github: checkGithub,
  junit: checkJunit,
};

const report = (reports: readonly FileReport[], { format }: Wanted, sink: Sink): void => sink.write(WRITERS[format](reports, sink.colour));

function judged(reports: readonly FileReport[], { mostWarnings }: Wanted, session: Session): number {
  const { errors, warnings } = countReports(reports);
  if (warnings > mostWarnings) tell(session, `more warnings than --max-warnings allows (${mostWarnings})`);
  return errors > 0 || warnings > mostWarnings ? STATUS.found : STATUS.fine;
}
