/** Reads a ticket from standard input: a pasted line in a terminal (not echoed), or a pipe. */
import { createInterface } from 'node:readline'

const MAX_TICKET = 4096

export function readTicket(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('paste the ticket and press Enter: ')
  const lines = createInterface({ input: process.stdin, terminal: false })
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line.trim().slice(0, MAX_TICKET))
      lines.close()
    })
    lines.once('close', () => resolve(''))
  })
}
