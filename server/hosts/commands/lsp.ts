import { Misuse, STATUS } from '../session.js';
import type { Command } from './command.js';

export const lsp: Command = {
  name: 'lsp',
  operands: '--stdio',
  about: 'the language server, for any editor',
  details: () => 'It speaks the Language Server Protocol on standard input and output.',
  options: [{ name: 'stdio', about: 'the only way there is, which editors say anyway' }],
  async run({ operands }) {
    if (operands.length > 0) throw new Misuse(`lsp: takes no file, and here is \`${operands[0]}\``);
    // Only now: no other command waits for the protocol to be set up.
    const { startServer } = await import('../language-server.js');
    startServer('stdio');
    return STATUS.fine;
  },
};
