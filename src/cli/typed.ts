/** A line typed at a console's prompt, read as a shell would read it; and the command table as the console shows it. */
import type { CommandHelp, CommandOutcome } from '../../ui/source.js'
import { EXIT } from './outcome.js'
import { type Invocation, parseWords } from './parse.js'
import { expandHome } from './paths.js'
import { qrLines } from './qr.js'
import { redirected } from './redirect.js'
import { type ArgumentSpec, COMMANDS, type CommandSpec } from './spec.js'
import { VERSION } from './version.js'
import { splitLine } from './words.js'

const TICKET = /^p2p1[a-z0-9]{20,}$/

/** How the help parts the table; what is not named here stands at its end. */
const GROUPS: readonly (readonly [heading: string, commands: readonly string[]])[] = [
  ['Votes and the chain', ['vote', 'tally', 'poll', 'receipt', 'note', 'chain', 'mine', 'verify']],
  ['Files', ['store', 'share', 'request', 'files', 'remove', 'manifest', 'transfers', 'folder']],
  ['Peers and the ring', ['peers', 'invite', 'join', 'leave', 'ring', 'lookup']],
  ['This peer', ['status', 'log', 'anchor', 'quit']],
]
const OTHERS = 'Others'

/** Options that choose or make a peer: a console is of one. */
const SHELL_OPTIONS = ['join', 'listen', 'name', 'data', 'network', 'folder', 'headless', 'plain'] as const

export interface Typed {
  readonly words: readonly string[]
  readonly invocation: Invocation
}

/** The words to run, or what to answer at once: help, or what is wrong with the line. */
export function readTyped(line: string): Typed | CommandOutcome {
  const split = splitLine(line.trim().replace(/^:/, ''))
  if (split === null) return wrong('a quote is still open')
  const command = (split[0] ?? '').toLowerCase()
  const spec = COMMANDS.find(({ name }) => name === command)
  if (spec?.shellOnly === true) return wrong(`${command} is for a shell; this is a console already`)
  const words = [command, ...split.slice(1).map((word) => (takesPath(spec) ? expandHome(word) : word))]
  const parsed = parseWords(words, VERSION)
  if (!parsed.ok) return shown(line, parsed.exit, parsed.text)
  const { invocation } = parsed
  if (invocation.command === null) return wrong('a command, please (? lists them)')
  const why = whyNotHere(words, invocation)
  return why === null ? { words, invocation } : wrong(why)
}

const wrong = (message: string): CommandOutcome => ({ exit: EXIT.usage, message })

/** The shell's part, which it does for every word. */
const takesPath = (spec: CommandSpec | undefined): boolean =>
  spec !== undefined && [...spec.args, ...spec.options].some(({ kind }) => kind === 'path')

/** What needs a shell around it, and what to type instead. */
function whyNotHere(words: readonly string[], { command, args, globals }: Invocation): string | null {
  if (command === 'request' && redirected(words, '') !== null)
    return `a console has no standard output: request ${args.name} -o <file>, or in a shell p2p-tui request ${args.name} -o -`
  if (command === 'join' && args.address === '-')
    return 'a console has no standard input: type join and paste the ticket behind it; it is kept out of the history'
  const option = SHELL_OPTIONS.find((key) => {
    const value = globals[key]
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
  })
  return option === undefined ? null : `--${option} is for a shell: this console belongs to one peer already`
}

/** What a console lists, completes and opens by a key. */
export function consoleCommands(): readonly CommandHelp[] {
  const helps = COMMANDS.filter((spec) => spec.shellOnly !== true).map(helpOf)
  const place = ({ group }: CommandHelp): number => {
    const at = GROUPS.findIndex(([heading]) => heading === group)
    return at < 0 ? GROUPS.length : at
  }
  const rank = ({ name, group }: CommandHelp): number =>
    GROUPS.find(([heading]) => heading === group)?.[1].indexOf(name) ?? 0
  return helps.sort((a, b) => place(a) - place(b) || rank(a) - rank(b))
}

function helpOf(spec: CommandSpec): CommandHelp {
  return {
    name: spec.name,
    args: [
      ...spec.args.map((arg) => (arg.required ? `<${placeholder(arg)}>` : `[${placeholder(arg)}]`)),
      ...spec.options.map((option) => `[${option.flags.replace(/^-\w, /, '')}]`),
    ].join(' '),
    summary: spec.summary,
    example: spec.example,
    group: GROUPS.find(([, names]) => names.includes(spec.name))?.[0] ?? OTHERS,
    ...(spec.key === undefined ? {} : { key: spec.key }),
  }
}

function placeholder({ name, kind, choices }: ArgumentSpec): string {
  if (choices !== undefined) return choices.join('|')
  return kind === 'rest' ? `${name}...` : name
}

/** What a command answered; `json` is its document where one was asked for. */
export interface Answered {
  readonly exit: number
  readonly message: string
  readonly lines: readonly string[]
  readonly json: unknown
}

/** An answer's lines open over the panes where there are several; a ticket among them can be copied and scanned. */
export function outcomeOf(line: string, { exit, message, lines, json }: Answered): CommandOutcome {
  const title = line.trim()
  if (json !== undefined) return { exit, message, long: { title, lines: documentLines(json) } }
  if (lines.length < 2) return { exit, message }
  const ticket = lines.find((one) => TICKET.test(one))
  const code = ticket === undefined ? {} : { copy: ticket, picture: qrLines(ticket) }
  return { exit, message, long: { title, lines, ...code } }
}

/** The same document as in a shell, laid out to be read. */
const documentLines = (json: unknown): readonly string[] => (JSON.stringify(json, null, 2) ?? '').split('\n')

/** Help and usage errors of the parser, as the console shows them. */
function shown(line: string, exit: number, text: string): CommandOutcome {
  const lines = text.split('\n')
  if (exit === EXIT.done) return { exit, message: lines[0] ?? '', long: { title: line.trim(), lines } }
  return wrong((lines.find((one) => one.startsWith('error:')) ?? lines[0] ?? '').replace(/^error: /, ''))
}
