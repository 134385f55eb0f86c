import {
  checkFile, COLOURED, countLevels, fleetJson, fleetMembers, fleetText, judgeGuest, Lookup, nearest, PLAIN,
  type CheckOptions, type FleetGuest, type FleetHost, type FleetMembers, type GuestReport, type World,
} from '../../core/index.js';
import { choice, type Arguments } from '../arguments.js';
import { Configurations } from '../configurations.js';
import { Files, STANDARD_INPUT } from '../files.js';
import { Misuse, STATUS, tell, type Session } from '../session.js';
import { checkOptions } from './check-options.js';
import { FORMAT, TODAY, type Command } from './command.js';
import { namedFiles } from './named-files.js';

export const fleet: Command = {
  name: 'fleet',
  operands: 'FILES…',
  about: 'each vm on each host: boots, may migrate, or the rules that say no',
  details: () => `Every vm of the files is judged on every host of the files, whether or not it is \`on\` it. CPU models are not judged.
The status is 1 if a vm can’t start on a host that it is \`on\`.`,
  options: [
    { name: 'vm', value: 'NAME', about: 'this vm only; may be given again', many: true },
    { name: 'host', value: 'NAME', about: 'on this host only; may be given again', many: true },
    FORMAT,
    { name: 'rule', value: 'RULE=LEVEL', about: 'the level of a rule: error, warning, note or off', many: true },
    TODAY,
  ],
  run(args, session) {
    const format = choice('fleet', args, 'format', ['text', 'json']);
    const files = new Files(session.folder);
    // The files are judged together, so one configuration holds for all: that of the working directory.
    const options = checkOptions('fleet', args, session, new Configurations(session.folder, files).own);
    const names = namedFiles('fleet', args.operands, session);
    if (names.includes(STANDARD_INPUT)) throw new Misuse('fleet: standard input is no part of a fleet; name files');
    const world = files.worldOfAll(names);
    tellUnreadable(names, world);
    const { hosts, guests } = chosen(fleetMembers(names, new Lookup(world)), args);
    const reports = guests.flatMap((guest) => judgeGuest(guest, hosts, new Lookup(world), options) ?? []);
    session.out.write(format === 'json' ? fleetJson(reports, hosts) : fleetText(reports, hosts, session.out.colour ? COLOURED : PLAIN));
    const unread = names.filter((name) => tellErrors(name, world, options, session));
    return unread.length > 0 || reports.some(isBroken) ? STATUS.found : STATUS.fine;
  },
};

function tellUnreadable(names: readonly string[], world: World): void {
  for (const name of names) {
    const state = world.read(name);
    if (state !== 'missing' && 'error' in state) throw new Misuse(`${name}: ${state.error}`);
  }
}

function chosen({ hosts, guests }: FleetMembers, args: Arguments): FleetMembers {
  const wanted = { hosts: picked(hosts, 'host', args), guests: picked(guests, 'vm', args) };
  if (wanted.hosts.length === 0) throw new Misuse('fleet: these files declare no host');
  if (wanted.guests.length === 0) throw new Misuse('fleet: these files declare no vm');
  return wanted;
}

function picked<One extends FleetHost | FleetGuest>(all: readonly One[], option: 'vm' | 'host', args: Arguments): readonly One[] {
  const names = args.values(option);
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    const meant = nearest(name, all.map((one) => one.name));
    throw new Misuse(`fleet: there is no ${option} \`${name}\`${meant ? `; did you mean \`${meant}\`?` : ''}`);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/** What is wrong with a file as a whole is no matter of hosts; told apart. */
function tellErrors(name: string, world: World, options: CheckOptions, session: Session): boolean {
  const { findings } = checkFile(name, world, options);
  const { errors } = countLevels(findings.filter(({ vm }) => vm === undefined).map(({ level }) => level));
  if (errors > 0) tell(session, `${name}: ${errors === 1 ? '1 error' : `${errors} errors`} besides; \`vmlayout check\` tells ${errors === 1 ? 'it' : 'them'}`);
  return errors > 0;
}

const isBroken = ({ guest, verdicts }: GuestReport): boolean =>
  verdicts.some(({ boots, hosts }) => !boots && hosts.some((host) => guest.on.includes(host)));
