#!/usr/bin/env node
/** Entry of the program: a command for a running peer, or a peer of its own. Everything heavy is loaded on demand. */
import { takeFileThreads } from '../host/file-threads.js'
import { choosePeer } from './choose.js'
import { EXIT } from './outcome.js'
import { type Invocation, parseWords } from './parse.js'
import { VERSION } from './version.js'

async function main(words: readonly string[]): Promise<number> {
  const parsed = parseWords(words, VERSION)
  if (!parsed.ok) {
    const out = parsed.exit === 0 ? process.stdout : process.stderr
    out.write(`${parsed.text}\n`)
    return parsed.exit
  }
  const { invocation } = parsed
  const isAnchor = invocation.command === 'anchor'
  if (invocation.command === null || (isAnchor && invocation.args.action === undefined)) {
    takeFileThreads() // loading the rest calls for files already
    const { startHere, startAnchor } = await import('./start.js')
    return isAnchor ? startAnchor(invocation.globals) : startHere(invocation.globals)
  }
  const choice = choosePeer(invocation.globals, isAnchor)
  if (!choice.ok) {
    process.stderr.write(`p2p-tui: ${choice.text}\n`)
    return choice.exit
  }
  if (invocation.command === 'attach') {
    if (choice.entry.isAnchor) {
      const { name } = choice.entry
      process.stderr.write(
        `p2p-tui: ${name} is a dedicated anchor and has no console: p2p-tui anchor status -n ${name}, p2p-tui log -n ${name}\n`,
      )
      return EXIT.failed
    }
    if (invocation.globals.json) {
      process.stderr.write('p2p-tui: attach opens a console; --json belongs to commands\n')
      return EXIT.usage
    }
    const plain = invocation.globals.plain || !process.stdout.isTTY || !process.stdin.isTTY
    return (await import('./start.js')).attachTo(choice.entry, plain)
  }
  const { runRemote } = await import('./client.js')
  const exit = await runRemote(choice.entry, await withSecret(words, invocation), invocation.globals.json)
  if (invocation.command === 'quit' && exit === EXIT.done) await (await import('./gone.js')).gone(choice.entry.pid)
  return exit
}

/** `join -` reads the ticket from standard input, so that it stands in no history and no process list. */
async function withSecret(words: readonly string[], invocation: Invocation): Promise<readonly string[]> {
  if (invocation.command !== 'join' || invocation.args.address !== '-') return words
  const { readTicket } = await import('./ticket-input.js')
  const ticket = await readTicket()
  return words.map((word) => (word === '-' ? ticket : word))
}

main(process.argv.slice(2)).then(
  (exit) => {
    process.exitCode = exit
  },
  (error: unknown) => {
    const text = error instanceof Error ? (isExpected(error) ? error.message : error.stack) : String(error)
    process.stderr.write(`p2p-tui: ${text}\n`)
    process.exitCode = EXIT.failed
  },
)

/** By name: what runs a peer is a bundle of its own, with classes of its own. */
function isExpected(error: Error): boolean {
  return error.name === 'OperationalError'
}
