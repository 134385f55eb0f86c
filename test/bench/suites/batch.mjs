// A whole check of a file against `dtc`, the compiler of device trees, on as many nodes; nothing where there is no `dtc`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { inTurns, row } from '../measure.mjs';

const cli = path.join(import.meta.dirname, '../../../dist/vmlayout.cjs');

export async function measureBatch({ quick }) {
  if (spawnSync('dtc', ['--version']).error) {
    console.error('There is no dtc on the PATH: nothing to compare a batch with.');
    return [];
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'vmlayout-bench-'));
  try {
    const rows = [];
    for (const lines of quick ? [10_000] : [10_000, 100_000]) rows.push(await against(lines, folder, quick));
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function against(lines, folder, quick) {
  const text = layoutOf(lines);
  const nodes = text.match(NODE).length;
  const [layout, tree] = [path.join(folder, 'layout.vmlayout'), path.join(folder, 'tree.dts')];
  writeFileSync(layout, text);
  writeFileSync(tree, deviceTreeOf(nodes));
  const taken = await inTurns(quick ? 3 : 7, {
    ours: () => wallOf(process.execPath, [cli, 'check', layout]),
    dtc: () => wallOf('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', path.join(folder, 'tree.dtb'), tree]),
  });
  const large = lines > 10_000;
  return row('G11', `\`dtc\` ÷ \`vmlayout check\`, ${nodes.toLocaleString('en')} nodes in ${lines.toLocaleString('en')} lines`, taken.dtc, taken.ours, { ...(large && { atLeast: 5 }) });
}

/** What a device tree would have a node for: guests, hosts, regions, backings, devices and the like. */
const NODE = /^\s*(?:vm|host|iommu|group|device|assign|backing|ram|rom|mmio|window|doorbell|reserved|cpu-reserved|hotplug)\b/gm;

/** Guests of 16 regions each, as a bus with its devices. */
function deviceTreeOf(nodes) {
  const written = ['/dts-v1/;', '/ {', '  #address-cells = <2>;', '  #size-cells = <2>;'];
  for (let left = nodes, guest = 0; left > 0; guest++) {
    written.push(`  guest-${guest} {`, '    #address-cells = <2>;', '    #size-cells = <2>;', '    ranges;');
    left--;
    for (let index = 0; index < 16 && left > 0; index++, left--) {
      const base = (index * 0x1000_0000).toString(16);
      written.push(`    memory@${base} {`, '      device_type = "memory";', `      reg = <0 0x${base} 0 0x100000>;`, '    };');
    }
    written.push('  };');
  }
  return `${written.join('\n')}\n};\n`;
}

function wallOf(program, args) {
  const start = performance.now();
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(`${program} ended with status ${status}`);
  return performance.now() - start;
}
