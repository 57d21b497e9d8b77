/**
 * Keeps what native code (LMDB) prints on file descriptor 2 off a full-screen console: it goes to a file instead.
 * Node's own `process.stderr` goes on writing to the terminal, which it opened under another descriptor.
 */
import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

const STDERR = 2

/** From now on; does nothing where standard error is no terminal. */
export function divertNativeErrors(path: string): void {
  if (!isatty(STDERR)) return
  process.stderr.write('') // opens the terminal anew, if nothing did before
  closeSync(STDERR)
  // the lowest free descriptor is the one that was just closed
  const fd = openSync(path, 'a', 0o600)
  if (fd !== STDERR) closeSync(fd)
}
