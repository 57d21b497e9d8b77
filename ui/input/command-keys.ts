/**
 * Which key starts which command: from the one command table, with the console's usual letters where the table names none.
 */
import type { Attached, CommandHelp } from '../source.js'

/** Keys that belong to the console itself; the table cannot take them. */
const CONSOLE_KEYS: readonly KeyMeaning[] = [
  ['Tab 1-4', 'next pane, or the one of that number'],
  ['j k g G', 'move in the pane (also arrows, PgUp, PgDn)'],
  ['Enter', 'detail of the line under the cursor'],
  ['Esc', 'back: closes what is open, empties the prompt'],
  ['/', 'filter the pane or what is open over it (Esc ends it)'],
  ['z', 'zoom the pane'],
  [':', 'command prompt: Tab completes, Right takes what is dimmed, Up and Down bring earlier lines'],
  ['Ctrl-R', 'search the earlier lines'],
  ['x', 'cancel the transfer under the cursor, else the running command'],
  ['f', 'the shared folder: conflicts, what is to go, last changes'],
  ['?', 'this help'],
  ['y', 'copy what is open: a ticket, lines, an id, a hash, a link'],
  ['+ -', 'in the log: more or fewer levels'],
  ['Ctrl-L', 'paint the screen anew'],
]

type KeyMeaning = readonly [keys: string, meaning: string]

/** What they mean depends on whose console it is. */
export function consoleKeys(attached: Attached | undefined): readonly KeyMeaning[] {
  if (attached === undefined)
    return [
      ...CONSOLE_KEYS,
      ['Ctrl-Z', 'stop this program, the peer with it; fg in the shell goes on'],
      ['q Ctrl-C', 'leave the network politely and quit; a second Ctrl-C at once'],
    ]
  const { name, stop } = attached
  return [
    ...CONSOLE_KEYS,
    ['Ctrl-Z', `stop this console, not ${name}; fg in the shell goes on`],
    ['q Ctrl-C', `detach: ${name} goes on (${stop} stops it)`],
  ]
}

const RESERVED = 'jkgGz/:xyf?q1234'
const USUAL: Readonly<Record<string, string>> = {
  v: 'vote',
  a: 'vote',
  s: 'store',
  r: 'request',
  d: 'tally',
  p: 'poll',
}

export function commandForKey(key: string, commands: readonly CommandHelp[]): CommandHelp | undefined {
  if (RESERVED.includes(key)) return undefined
  const named = commands.find((command) => command.key?.includes(key))
  return named ?? commands.find((command) => command.name === USUAL[key])
}

/** All keys of a command, for the help. */
export function keysForCommand(command: CommandHelp, commands: readonly CommandHelp[]): string {
  const all = new Set([...(command.key ?? ''), ...Object.keys(USUAL)])
  return [...all].filter((key) => commandForKey(key, commands) === command).join(' ')
}

/**
 * Whether a burst that arrives while no text is being typed is a command line (`vote alice yes` from tmux) rather than
 * keys pressed in a row: its first word is a command, or it is the beginning of one that was cut in two.
 */
export function looksLikeCommand(burst: string, commands: readonly CommandHelp[]): boolean {
  if (burst.length < 2) return false
  const [word = ''] = burst.trimStart().toLowerCase().split(/\s/)
  const whole = burst.trimStart().length > word.length
  const names = [...commands.map(({ name }) => name), 'help', 'quit', 'log']
  return names.some((name) => name === word || (!whole && word.length > 1 && name.startsWith(word)))
}
