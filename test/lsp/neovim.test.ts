import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { needs, ran } from '../support/programs.js';

// A client that nobody here wrote: Neovim, without a screen, set up as docs/other-editors.md says, speaks with the program
// that users get. It waits for what is found, applies the first fix that it is offered, and waits again.

const LUA = `
local wait = function(what, ready)
  if not vim.wait(20000, ready, 20) then error('waited in vain for ' .. what) end
end
local found = function() return vim.diagnostic.get(0) end
local print_found = function()
  for _, one in ipairs(found()) do
    print(table.concat({ 'found', one.lnum + 1, one.col + 1, one.severity, one.code or one.user_data.lsp.code, one.source }, '|'))
  end
end
wait('the first findings', function() return #found() > 0 end)
print_found()
local client = vim.lsp.get_active_clients()[1]
print('server|' .. client.name .. '|' .. client.offset_encoding)
local first = found()[1]
vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
local params = vim.lsp.util.make_range_params()
params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics() }
local answer = client.request_sync('textDocument/codeAction', params, 20000, 0)
local action = answer.result[1]
print('action|' .. action.title)
vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
wait('no error', function()
  for _, one in ipairs(found()) do if one.severity == vim.diagnostic.severity.ERROR then return false end end
  return #found() > 0
end)
print_found()
vim.cmd('silent write')
vim.cmd('qall!')
`;

describe('Neovim', function () {
  this.timeout(90_000);
  this.slow(10_000);

  before(function () {
    needs(this, 'nvim', 'neovim');
  });

  it('shows what is found, and applies a fix', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmlayout-nvim-'));
    try {
      const file = join(folder, 'doorbell.vmlayout');
      writeFileSync(file, readFileSync('examples/doorbell.vmlayout'));
      writeFileSync(join(folder, 'init.lua'), documentedSetup().replace("cmd = { 'vmlayout'", `cmd = { '${process.execPath}', '${resolve('dist/vmlayout.cjs')}'`));
      writeFileSync(join(folder, 'drive.lua'), LUA);
      const { status, err } = ran('nvim', ['--headless', '-n', '-i', 'NONE', '-u', join(folder, 'init.lua'), file, '-c', `luafile ${join(folder, 'drive.lua')}`, '-c', 'cquit']);
      const told = err.split(/\r?\n/).filter((line) => line.includes('|'));
      assert.equal(status, 0, err);
      assert.deepEqual(told.slice(0, 3), [
        'found|27|7|1|doorbell-overlap|vmlayout',
        'server|vmlayout|utf-16',
        'action|Split `low` around the doorbell: 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB instead of 3 × 1 GiB',
      ]);
      assert.match(told[3] ?? '', /^found\|\d+\|\d+\|2\|block-split\|vmlayout$/);
      assert.match(readFileSync(file, 'utf8'), /^ {2}map low-b size 2943 MiB to low \+ 129 MiB$/m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What the page for other editors tells users of Neovim to write. */
function documentedSetup(): string {
  const page = readFileSync('docs/other-editors.md', 'utf8');
  const [, setup = ''] = /## Neovim[^]*?```lua\n([^]*?)```/.exec(page) ?? [];
  return setup;
}
