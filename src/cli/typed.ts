/** A line typed at a console's prompt, read as a shell would read it; and the command table as the console shows it. */
import type { CommandHelp, CommandOutcome } from '../../ui/source.js'
import { EXIT } from './outcome.js'
import { type Invocation, parseWords, splitLine } from './parse.js'
import { qrLines } from './qr.js'
import { COMMANDS } from './spec.js'
import { VERSION } from './version.js'

const TICKET = /^p2p1[a-z0-9]{20,}$/

export interface Typed {
  readonly words: readonly string[]
  readonly invocation: Invocation
}

/** The words to run, or what to answer at once: help, or what is wrong with the line. */
export function readTyped(line: string): Typed | CommandOutcome {
  const words = splitLine(line.trim().replace(/^:/, ''))
  if (words === null) return { exit: EXIT.usage, message: 'a quote is still open' }
  const [first = '', ...rest] = words
  const command = first.toLowerCase()
  if (COMMANDS.some((spec) => spec.name === command && spec.shellOnly === true))
    return { exit: EXIT.usage, message: `${command} is for a shell; this is a console already` }
  const parsed = parseWords([command, ...rest], VERSION)
  if (!parsed.ok) return shown(parsed.exit, parsed.text)
  if (parsed.invocation.command === null) return { exit: EXIT.usage, message: 'a command, please (? lists them)' }
  return { words: [command, ...rest], invocation: parsed.invocation }
}

/** What a console lists, completes and opens by a key. */
export function consoleCommands(): readonly CommandHelp[] {
  return COMMANDS.filter((spec) => spec.shellOnly !== true).map((spec) => ({
    name: spec.name,
    args: [
      ...spec.args.map((arg) => (arg.required ? `<${arg.name}>` : `[${arg.name}]`)),
      ...spec.options.map((option) => `[${option.flags.replace(/^-\w, /, '')}]`),
    ].join(' '),
    summary: spec.summary,
    ...(spec.key === undefined ? {} : { key: spec.key }),
  }))
}

/** An answer's lines open over the panes where there are several; a ticket among them can be copied and scanned. */
export function outcomeOf(line: string, exit: number, message: string, lines: readonly string[]): CommandOutcome {
  if (lines.length < 2) return { exit, message }
  const ticket = lines.find((one) => TICKET.test(one))
  const code = ticket === undefined ? {} : { copy: ticket, picture: qrLines(ticket) }
  return { exit, message, long: { title: line.trim(), lines, ...code } }
}

/** Help and usage errors of the parser, as the console shows them. */
function shown(exit: number, text: string): CommandOutcome {
  const lines = text.split('\n')
  if (exit === EXIT.done) return { exit, message: lines[0] ?? '', long: { title: 'help', lines } }
  return { exit, message: (lines.find((line) => line.startsWith('error:')) ?? lines[0] ?? '').replace(/^error: /, '') }
}
