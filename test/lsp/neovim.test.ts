import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { needs, ran } from '../support/programs.js';

// A client that nobody here wrote: Neovim, without a screen, set up as docs/other-editors.md says, speaks with the program
// that users get. It waits for what is found, applies the first fix that it is offered, and waits again.

const WAITING = `
local wait = function(what, ready)
  if not vim.wait(20000, ready, 20) then error('waited in vain for ' .. what) end
end
local found = function() return vim.diagnostic.get(0) end
wait('the first findings', function() return #found() > 0 end)
`;

const FIX = `
local tell_found = function()
  for _, one in ipairs(found()) do
    tell('found', one.lnum + 1, one.col + 1, one.severity, one.code or one.user_data.lsp.code, one.source)
  end
end
tell_found()
local client = vim.lsp.get_active_clients()[1]
tell('server', client.name, client.offset_encoding)
local first = found()[1]
vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
local params = vim.lsp.util.make_range_params()
params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics() }
local answer = client.request_sync('textDocument/codeAction', params, 20000, 0)
local action = answer.result[1]
tell('action', action.title)
vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
wait('no error', function()
  for _, one in ipairs(found()) do if one.severity == vim.diagnostic.severity.ERROR then return false end end
  return #found() > 0
end)
tell_found()
vim.cmd('silent write')
vim.cmd('qall!')
`;

// A key of the user's that waits for the menu, takes its second entry, and ends.
const COMPLETE = `
vim.keymap.set('i', '<F2>', function()
  wait('the menu', function() return vim.fn.pumvisible() == 1 end)
  for _, item in ipairs(vim.fn.complete_info({ 'items' }).items) do tell('item', item.abbr) end
  vim.api.nvim_input('<C-n><C-y><Esc>:wqall<CR>')
end)
vim.schedule(function() vim.api.nvim_input('2Goback<C-x><C-o><F2>') end)
`;

describe('Neovim', function () {
  this.timeout(90_000);
  this.slow(10_000);

  before(function () {
    needs(this, 'nvim', 'neovim');
  });

  it('shows what is found, and applies a fix', () => {
    const { told, text } = driven(readFileSync('examples/doorbell.vmlayout', 'utf8'), WAITING + FIX);
    assert.deepEqual(told.slice(0, 3), [
      'found|27|7|1|doorbell-overlap|vmlayout',
      'server|vmlayout|utf-16',
      'action|Split `low` around the doorbell: 2 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB instead of 3 × 1 GiB',
    ]);
    assert.match(told[3] ?? '', /^found\|\d+\|\d+\|2\|block-split\|vmlayout$/);
    assert.match(text, /^ {2}map low-b size 2943 MiB to low \+ 129 MiB$/m);
  });

  it('completes a whole declaration, without snippets', () => {
    const { told, text } = driven('const SPARE = 1\nvm web {\n}\n', WAITING + COMPLETE);
    assert.deepEqual(told, ['item|backing', 'item|backing with ram from it', 'item|backing with ram below and above 4 GiB']);
    assert.match(text, /^backing ram0 size 16 GiB hugetlb 1 GiB; ram low at 0x4000_0000 size 16 GiB from ram0$/m);
  });
});

/** Opens a text in Neovim and runs a script there. Returns the lines it printed that have a bar in them, and the text it wrote. */
function driven(text: string, lua: string): { told: string[]; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'vmlayout-nvim-'));
  try {
    const file = join(folder, 'a.vmlayout');
    writeFileSync(file, text);
    writeFileSync(join(folder, 'init.lua'), documentedSetup().replace("cmd = { 'vmlayout'", `cmd = { '${process.execPath}', '${resolve('dist/vmlayout.cjs')}'`));
    writeFileSync(join(folder, 'drive.lua'), `local told = io.open('${join(folder, 'told')}', 'w')\nlocal tell = function(...) told:write(table.concat({ ... }, '|') .. '\\n') told:flush() end\n${lua}`);
    const { status, err } = ran('nvim', ['--headless', '-n', '-i', 'NONE', '-u', join(folder, 'init.lua'), file, '-c', `lua local ok, problem = pcall(dofile, '${join(folder, 'drive.lua')}') if not ok then io.stderr:write(problem) vim.cmd('cquit') end`]);
    assert.equal(status, 0, err);
    return { told: readFileSync(join(folder, 'told'), 'utf8').split('\n').filter((line) => line !== ''), text: readFileSync(file, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the page for other editors tells users of Neovim to write. */
function documentedSetup(): string {
  const page = readFileSync('docs/other-editors.md', 'utf8');
  const [, setup = ''] = /## Neovim[^]*?```lua\n([^]*?)```/.exec(page) ?? [];
  return setup;
}
