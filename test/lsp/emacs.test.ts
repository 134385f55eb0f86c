import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { needs, ran } from '../support/programs.js';

// Another client that nobody here wrote: Emacs with Eglot, without a screen, set up as docs/other-editors.md says. It waits for what
// is found, applies the first quick fix, and waits until the error is gone.

const DRIVE = `
(defun wait-for (what ready)
  (let ((until (+ (float-time) 20)))
    (while (not (funcall ready))
      (when (> (float-time) until) (error "Waited in vain for %s" what))
      (accept-process-output nil 0.02))))
(defun found () (mapcar (lambda (one) (list (line-number-at-pos (flymake-diagnostic-beg one)) (flymake-diagnostic-text one))) (flymake-diagnostics)))
(defun errors () (seq-filter (lambda (one) (eq (flymake-diagnostic-type one) 'eglot-error)) (flymake-diagnostics)))
(switch-to-buffer "a.vmlayout")
(run-hooks 'post-command-hook) ; without a screen no command ends, which is when Eglot starts
(wait-for "the server" #'eglot-current-server)
(wait-for "an error" #'errors)
(dolist (one (found)) (princ (format "found|%d|%s\\n" (car one) (cadr one))))
(goto-char (flymake-diagnostic-beg (car (errors))))
(let* ((actions (eglot-code-actions (point) (flymake-diagnostic-end (car (errors))) "quickfix"))
       (action (seq-elt actions 0)))
  (princ (format "action|%s\\n" (plist-get action :title)))
  (eglot--apply-workspace-edit (plist-get action :edit)))
(eglot--signal-textDocument/didChange) ; nor is Emacs ever idle
(wait-for "no error" (lambda () (not (errors))))
(save-buffer)
(eglot-shutdown (eglot-current-server))
`;

describe('Emacs', function () {
  this.timeout(90_000);
  this.slow(10_000);

  before(function () {
    needs(this, 'emacs', 'emacs-nox elpa-eglot');
    const hasEglot = ran('emacs', ['--batch', '-f', 'package-activate-all', '--eval', "(require 'eglot)"]).status === 0;
    if (!hasEglot && process.env['CI'] === undefined) this.skip();
  });

  it('shows what is found, and applies a fix', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmlayout-emacs-'));
    try {
      const file = join(folder, 'a.vmlayout');
      writeFileSync(file, readFileSync('examples/doorbell.vmlayout'));
      const server = `"${process.execPath}" "${resolve('dist/vmlayout.cjs')}"`;
      writeFileSync(join(folder, 'init.el'), documentedSetup().replace('"vmlayout" "lsp"', `${server} "lsp"`));
      writeFileSync(join(folder, 'drive.el'), DRIVE);
      const { status, out, err } = ran('emacs', ['--batch', '-f', 'package-activate-all', '-l', join(folder, 'init.el'), file, '-l', join(folder, 'drive.el')]);
      assert.equal(status, 0, err);
      assert.match(`${out}`, /^found\|27\|.*`low` covers the doorbell window/m);
      assert.match(`${out}`, /^action\|Split `low` around the doorbell: 2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB$/m);
      assert.match(readFileSync(file, 'utf8'), /^ {2}map low-b size 2943 MiB to low \+ 129 MiB$/m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What the page for other editors tells users of Emacs to write. */
function documentedSetup(): string {
  const [, setup = ''] = /## Emacs[^]*?```elisp\n([^]*?)```/.exec(readFileSync('docs/other-editors.md', 'utf8')) ?? [];
  return setup;
}
