import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { looksLikeQemuCommand, readQemuCommandLine } from '../../server/core/formats/qemu-command-line.js';
import type { QemuMachine } from '../../server/core/formats/qemu-machine.js';
import { qemuSize } from '../../server/core/formats/qemu-options.js';
import { filesIn, MTREE_DATA } from './imported.js';

function machineOf(text: string): QemuMachine {
  const result = readQemuCommandLine(text);
  assert.ok('machine' in result, 'errors' in result ? JSON.stringify(result.errors) : '');
  return result.machine;
}

const notesOf = (text: string): readonly string[] => {
  const result = readQemuCommandLine(text);
  return 'notes' in result ? result.notes : [];
};

const errorsOf = (text: string): string[] => {
  const result = readQemuCommandLine(text);
  return 'errors' in result ? result.errors.map(({ line, message }) => `${line}: ${message}`) : [];
};

const GIB = 1n << 30n;

describe('a QEMU command line', () => {
  it('is read with every kind of quoting and over line breaks', () => {
    const typed = `sudo A=b taskset -c 0-3 /usr/bin/qemu-system-x86_64 \\
      -machine "q35,memory-backend=ram 0" -m '4G,slots=2',maxmem=16G \\
      # a comment
      -device vfio-pci,host=01:00.0 -name a\\ b > log 2>&1 &
      echo done`;
    const machine = machineOf(typed);
    assert.equal(machine.target, 'x86_64');
    assert.equal(machine.type, 'q35');
    assert.deepEqual(machine.memory, { size: 4n * GIB, maxmem: 16n * GIB, slots: 2, backend: 'ram 0' });
    assert.deepEqual(machine.assigned.map(({ host }) => host), ['0000:01:00.0']);
    assert.deepEqual(machine.unread, ['-name a b']);
  });

  it('is read out of /proc and from a wrapped mail', () => {
    const words = ['qemu-system-aarch64', '-M', 'virt', '-m', '2G', '-name', 'it is "x"'];
    const process = machineOf(`${words.join('\0')}\0`);
    const mail = machineOf('root 12 0:01 qemu-system-aarch64 -M virt\n -m 2G\n  -name "it is \\"x\\""');
    assert.deepEqual({ ...process }, { ...mail });
    assert.deepEqual(process.unread, ['-name it is "x"']);
  });

  it('is found among lines that only name the program, and with the dashes that a mail made of its hyphens', () => {
    const status = 'Main PID: 12 (qemu-system-x86)\n   └─12 /usr/bin/qemu-system-x86_64 -machine q35 -m 2G\n';
    assert.deepEqual([machineOf(status).target, machineOf(status).memory.size, notesOf(status)], ['x86_64', 2n * GIB, []]);
    const listing = 'qemu 7 1 /usr/bin/qemu-system-x86_64 -machine q35 -m 2G\nroot 9 0 grep --color=auto qemu-system-x86_64\n';
    assert.deepEqual([machineOf(listing).memory.size, notesOf(listing)], [2n * GIB, []]);
    const pretty = 'qemu-system-x86_64 —machine q35 –m 2G';
    assert.deepEqual([machineOf(pretty).type, machineOf(pretty).memory.size, notesOf(pretty)], ['q35', 2n * GIB, []]);
  });

  it('takes JSON, doubled commas, repeated options and features of a CPU', () => {
    const machine = machineOf(
      `qemu-system-x86_64 -machine pc -machine accel=kvm:tcg -cpu EPYC,+x2apic,-svm,phys-bits=48 -object '{"qom-type":"memory-backend-file","id":"m","mem-path":"/a,b","size":1024,"host-nodes":[1,2],"share":true}' -object memory-backend-ram,id=n,,x,size=1M -global q35-pcihost.pci-hole64-size=1T`,
    );
    assert.equal(machine.accelerator, 'kvm');
    assert.deepEqual([...(machine.cpu?.options ?? [])], [['x2apic', 'on'], ['svm', 'off'], ['phys-bits', '48']]);
    assert.deepEqual(machine.backends.map(({ id, path, size, hostNodes, share }) => ({ id, path, size, hostNodes, share })), [
      { id: 'm', path: '/a,b', size: 1024n, hostNodes: [1, 2], share: true },
      { id: 'n,x', path: undefined, size: 1n << 20n, hostNodes: [], share: false },
    ]);
    assert.equal(machine.globals.get('q35-pcihost.pci-hole64-size'), '1T');
  });

  it('reads nodes, memory devices and CPUs', () => {
    const machine = machineOf(
      'qemu-system-x86_64 -m 4096 -smp 2,sockets=2,maxcpus=8 -numa node,memdev=a,cpus=0-1,cpus=4 -numa node,nodeid=3,mem=1G ' +
        '-device pc-dimm,id=d,memdev=h,addr=0x180000000,node=1 -device virtio-mem-pci,memdev=v,memaddr=4G,block-size=2M,addr=0x3',
    );
    assert.equal(machine.memory.size, 4n * GIB);
    assert.deepEqual(machine.smp, { cpus: 2, maxcpus: 8, sockets: 2 });
    assert.deepEqual(machine.nodes, [
      { number: 0, backend: 'a', size: undefined, cpus: 3 },
      { number: 3, backend: undefined, size: GIB, cpus: 0 },
    ]);
    assert.deepEqual(machine.memoryDevices.map(({ kind, address, node, block }) => ({ kind, address, node, block })), [
      { kind: 'pc-dimm', address: 0x1_8000_0000n, node: 1, block: undefined },
      { kind: 'virtio-mem', address: 4n * GIB, node: undefined, block: 2n << 20n },
    ]);
  });

  it('tells what is wrong and on which line', () => {
    assert.deepEqual(errorsOf('ls -l'), ['1: no command begins with qemu-system-… (or qemu-kvm) here']);
    assert.deepEqual(errorsOf('\nkvm -m 4Q'), ['2: -m has `size=4Q`, which is no size of QEMU’s']);
    assert.deepEqual(errorsOf('kvm \\\n-m $RAM'), ['2: -m has `size=$RAM`, which is no size of QEMU’s: it stands for something that only the shell knows']);
    assert.deepEqual(errorsOf('kvm -name "x'), ['1: a quote " is opened here and not closed']);
    assert.deepEqual(errorsOf("kvm -device '{\"driver\":'"), ['1: the value of -device begins like JSON and is none']);
  });

  it('says what it leaves alone', () => {
    assert.deepEqual(notesOf('kvm disk.img -m 1G\nkvm -m 2G'), [
      'line 2: another command of QEMU is not read',
      'line 1: `disk.img` belongs to no option; QEMU takes it for a disk',
    ]);
  });

  it('knows sizes as QEMU does', () => {
    const sizes: [string, bigint | undefined][] = [
      ['4G', 4n * GIB], ['4g', 4n * GIB], ['1.5G', 3n * (GIB / 2n)], ['0x1000', 4096n], ['219136k', 219136n << 10n],
      ['512', 512n], ['4GB', undefined], ['0x10M', undefined], ['', undefined], ['-1', undefined], ['0.3B', undefined],
      ['4000.3M', 4_194_618_572n], ['18446744073709551615', 2n ** 64n - 1n], ['16E', undefined],
    ];
    for (const [text, size] of sizes) assert.equal(qemuSize(text), size, text);
    assert.equal(qemuSize('512', 1n << 20n), 512n << 20n);
  });

  it('makes RAM in pieces of 8 KiB, and of none what QEMU has without `-m`', () => {
    const size = (text: string): bigint | undefined => machineOf(`qemu-system-x86_64 -m ${text}`).memory.size;
    assert.deepEqual(['512b', '4000.3M', '4G'].map(size), [8192n, 0xfa04_e000n, 4n * GIB]);
    assert.equal(size('0'), undefined);
    assert.deepEqual(errorsOf('kvm -m 16E'), ['1: -m has `size=16E`, which is no size of QEMU’s']);
  });

  it('knows a program that prefers KVM by its name', () => {
    const accelerator = (text: string): string | undefined => machineOf(text).accelerator;
    assert.deepEqual(['/usr/bin/kvm -m 1G', '/usr/libexec/qemu-kvm -m 1G', 'kvm -accel tcg -m 1G', 'kvm -M pc,accel=tcg', 'qemu-system-x86_64 -m 1G'].map(accelerator), ['kvm', 'kvm', 'tcg', 'tcg', undefined]);
  });

  it('tells of memory and devices that it can’t write', () => {
    assert.deepEqual(notesOf('kvm -m 1G \\\n -device ivshmem-plain,memdev=shm \\\n -device vfio-platform,host=ffe0.eth \\\n -device vfio-pci,host=01:00.0'), [
      'line 2: shared memory shm is a BAR, which the firmware places: it is not written',
      'line 3: `vfio-platform` gives the guest a device that isn’t known here: it is not written',
    ]);
  });

  it('reads every machine of the recorded dumps, and their memory is what QMP says', () => {
    const files = filesIn(MTREE_DATA, '.cmd');
    let sized = 0;
    for (const name of files) {
      const text = readFileSync(join(MTREE_DATA, name), 'utf8');
      assert.ok(looksLikeQemuCommand(text), name);
      const machine = machineOf(text);
      assert.deepEqual(notesOf(text).filter((note) => !note.includes('shared memory')), [], name);
      const answers = filesIn(MTREE_DATA, '.qmp.json').find((file) => file.startsWith(`${name.slice(0, -'cmd'.length)}`)) ?? '';
      const { 'query-memory-size-summary': summary } = JSON.parse(readFileSync(join(MTREE_DATA, answers), 'utf8'));
      if (machine.memory.size === undefined) continue;
      assert.equal(machine.memory.size, BigInt(summary.return['base-memory']), name);
      sized++;
    }
    assert.deepEqual([files.length, sized], [102, 99]);
  });

  it('reads the command lines that libvirt writes', function () {
    const folder = join(process.env['VMLAYOUT_CORPUS'] ?? '', 'libvirt');
    if (!process.env['VMLAYOUT_CORPUS'] || !existsSync(folder)) return this.skip();
    const files = filesIn(folder, '.args');
    assert.ok(files.length > 20);
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'utf8');
      assert.ok(looksLikeQemuCommand(text), name);
      const machine = machineOf(text);
      assert.deepEqual(notesOf(text).filter((note) => !/shared memory|isn’t known here/.test(note)), [], name);
      assert.ok(machine.memory.size !== undefined && machine.type !== undefined, name);
      assert.deepEqual(machine.backends.filter(({ id, size }) => id === '' || size === undefined), [], name);
    }
  });
});
