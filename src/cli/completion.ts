/**
 * What a half-typed line may become, by the command table: commands and their actions, options, and what a peer knows of
 * peers, files, polls, choices and transfers. Who voted before is nobody's suggestion; how one may vote is.
 */
import { MAX_SUGGESTIONS, type Suggestion, type Suggestions } from '../../ui/source.js'
import type { Snapshot } from '../api.js'
import { DEFAULT_POLL } from '../api.js'
import { folderWords } from './folder-completion.js'
import { pathsFrom } from './paths.js'
import { COMMANDS, type CommandSpec, GLOBAL_OPTIONS, type OptionSpec } from './spec.js'
import { halfLine } from './words.js'

/** What the words of a line may name. */
export interface Known {
  readonly snapshot: Snapshot | null
  polls(): readonly string[]
  /** The strongest first. */
  choices(poll: string): readonly string[]
  /** The caller's directory. */
  readonly cwd: string
}

type Thing = 'peer' | 'file' | 'poll' | 'choice' | 'transfer'

/** What an argument of this name, or of this name in this command, stands for. */
const THINGS: ReadonlyMap<string, Thing> = new Map([
  ['peer', 'peer'],
  ['roll', 'peer'],
  ['--roll', 'peer'],
  ['poll', 'poll'],
  ['--poll', 'poll'],
  ['choice', 'choice'],
  ['transfers n', 'transfer'],
  ['request name', 'file'],
  ['remove name', 'file'],
  ['manifest name', 'file'],
  ['lookup name', 'file'],
])

/** Options that take several of them. */
const LISTS: ReadonlySet<string> = new Set(['--roll'])

/** Of the options of the whole program those that mean something to a command in a console. */
const EVERYWHERE = ['--json', '--timeout']

/** The word, or the part of it, that is being typed. */
interface Blank {
  readonly from: number
  readonly typed: string
}

/** `before`: the line up to the cursor. */
export function completions(before: string, known: Known): Suggestions {
  const { words, partial: typed, from } = halfLine(before.replace(/^(\s*):/, '$1 '))
  const blank: Blank = { from, typed }
  const [name, ...rest] = words
  if (name === undefined || (name.toLowerCase() === 'help' && rest.length === 0)) return filling(blank, commandWords())
  const command = COMMANDS.find((spec) => spec.name === name.toLowerCase() && spec.shellOnly !== true)
  if (command === undefined) return filling(blank, [])
  const line = read(command, rest)
  if (line.awaits !== null) return valuesFor(line.awaits, line, blank, before, known)
  const [flag = ''] = line.literal ? [] : (/^--?[\w-]+=/.exec(before.slice(from)) ?? [])
  const option = optionWith(command, flag.slice(0, -1))
  if (option !== undefined) {
    const value = { from: from + flag.length, typed: typed.slice(flag.length) }
    return valuesFor(option, line, value, before, known)
  }
  if (typed.startsWith('-') && !line.literal) return filling(blank, flagsOf(command, line.used, typed))
  const found = argumentsOf(command, line, typed, known)
  const last = command.args.length - 1
  const open = line.args.length <= last || command.args[last]?.kind === 'rest'
  const argument = open ? Math.min(line.args.length, last) : -1
  if (found.length > 0 || typed !== '' || required(command) > line.args.length) return filling(blank, found, argument)
  return filling(blank, isComplete(command, line) ? flagsOf(command, line.used, '') : [], argument)
}

/** Whether options may come next, for who asks for none: those of `poll` and `folder` belong to one action each. */
function isComplete({ name }: CommandSpec, { args }: Line): boolean {
  if (name === 'folder') return args[0]?.toLowerCase() === 'resume'
  return name !== 'poll' || (args.length > 1 && isCreating(args))
}

const isCreating = ([action = '']: readonly string[]): boolean => action.toLowerCase() === 'create'

function filling({ from, typed }: Blank, candidates: readonly Suggestion[], argument = -1): Suggestions {
  return { from, argument, candidates: fit(candidates, typed) }
}

function valuesFor(option: OptionSpec, line: Line, blank: Blank, before: string, known: Known): Suggestions {
  const { from, typed } = blank
  if (option.kind === 'path') return filling(blank, plain(pathsFrom(typed, known.cwd)))
  const thing = THINGS.get(longFlag(option))
  const values = thing === undefined ? [] : thingsOf(thing, line, known)
  // several are parted by commas; within quotes their places are not those of the line
  if (!LISTS.has(longFlag(option)) || before.slice(from) !== typed) return filling(blank, values)
  const named = typed.split(',').slice(0, -1)
  const cut = typed.lastIndexOf(',') + 1
  const others = values.filter(({ value }) => !named.includes(value))
  return filling({ from: from + cut, typed: typed.slice(cut) }, others)
}

/** Exact ones first, then those of the same case. */
function fit(candidates: readonly Suggestion[], typed: string): readonly Suggestion[] {
  const wanted = typed.toLowerCase()
  const rank = ({ value }: Suggestion): number => (value === typed ? 0 : value.startsWith(typed) ? 1 : 2)
  return candidates
    .filter(({ value }) => value.toLowerCase().startsWith(wanted) && value !== '' && !/\p{Cc}/u.test(value))
    .map((candidate, index) => ({ candidate, index }))
    .sort((a, b) => rank(a.candidate) - rank(b.candidate) || a.index - b.index)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate)
}

const plain = (values: readonly string[]): readonly Suggestion[] => values.map((value) => ({ value }))

/** Those with a key of their own are the ones that are typed most. */
function commandWords(): readonly Suggestion[] {
  const shown = COMMANDS.filter((spec) => spec.shellOnly !== true)
  const often = shown.filter(({ key }) => /[a-p]|[r-z]/.test(key ?? ''))
  return plain([...new Set([...often, ...shown].map(({ name }) => name)), 'help'])
}

interface Line {
  readonly args: readonly string[]
  readonly used: ReadonlyMap<string, string>
  /** The option whose value comes next. */
  readonly awaits: OptionSpec | null
  /** After `--` nothing is an option. */
  readonly literal: boolean
}

function read(command: CommandSpec, words: readonly string[]): Line {
  const args: string[] = []
  const used = new Map<string, string>()
  let awaits: OptionSpec | null = null
  let literal = false
  for (const word of words) {
    if (awaits !== null) {
      used.set(longFlag(awaits), word)
      awaits = null
    } else if (word === '--' && !literal) literal = true
    else if (!literal && /^-./.test(word)) {
      const [flag = '', value] = word.split(/=(.*)/s)
      const option = optionWith(command, flag)
      if (option === undefined) continue
      used.set(longFlag(option), value ?? '')
      if (option.kind !== 'flag' && value === undefined) awaits = option
    } else args.push(word)
  }
  return { args, used, awaits, literal }
}

const flagsIn = ({ flags }: OptionSpec): readonly string[] => flags.match(/(?<![\w<-])--?[\w-]+/g) ?? []
const longFlag = (option: OptionSpec): string => flagsIn(option).at(-1) ?? ''
const required = ({ args }: CommandSpec): number => args.filter((argument) => argument.required).length

function optionWith(command: CommandSpec, flag: string): OptionSpec | undefined {
  return [...command.options, ...GLOBAL_OPTIONS].find((option) => flagsIn(option).includes(flag))
}

function flagsOf(command: CommandSpec, used: ReadonlyMap<string, string>, typed: string): readonly Suggestion[] {
  const offered = (options: readonly OptionSpec[]): readonly Suggestion[] =>
    options
      .filter((option) => !used.has(longFlag(option)))
      .flatMap((option) => flagsIn(option).map((value) => ({ value, note: option.summary })))
  const own = offered(command.options)
  if (typed === '') return own.filter(({ value }) => dashes(value) === 2)
  const everywhere = offered(GLOBAL_OPTIONS.filter((option) => EVERYWHERE.includes(longFlag(option))))
  const all = [...own, ...everywhere, { value: '--help', note: 'the page of this command' }]
  // long ones are read more easily
  return all.sort((a, b) => dashes(b.value) - dashes(a.value))
}

const dashes = (flag: string): number => (flag.startsWith('--') ? 2 : 1)

function argumentsOf(command: CommandSpec, line: Line, typed: string, known: Known): readonly Suggestion[] {
  const argument = command.args[line.args.length]
  if (argument === undefined) return []
  if (command.name === 'folder') return folderWords(line.args, known.snapshot?.folder)
  if (argument.choices !== undefined) return plain(argument.choices)
  if (argument.kind === 'path') return plain(pathsFrom(typed, known.cwd))
  // a poll that is about to be made has a name of its own
  if (command.name === 'poll' && !/^show$/i.test(line.args[0] ?? '')) return []
  if (command.name === 'transfers' && line.args.length === 0) return []
  const thing = THINGS.get(`${command.name} ${argument.name}`) ?? THINGS.get(argument.name)
  return thing === undefined ? [] : thingsOf(thing, line, known)
}

function thingsOf(thing: Thing, line: Line, known: Known): readonly Suggestion[] {
  const { snapshot } = known
  switch (thing) {
    case 'poll':
      return plain(known.polls())
    case 'choice':
      return plain(known.choices(line.used.get('--poll') || DEFAULT_POLL))
    case 'peer':
      return [...(snapshot?.peers ?? [])]
        .sort((a, b) => Number(b.state === 'up') - Number(a.state === 'up'))
        .map(({ name, state }) => (state === 'up' ? { value: name } : { value: name, note: state }))
    case 'file':
      return plain([...new Set((snapshot?.files ?? []).map(({ name }) => name))].sort())
    case 'transfer':
      return (snapshot?.transfers ?? [])
        .filter(({ state }) => state !== 'done' && state !== 'failed')
        .map(({ n, name }) => ({ value: String(n), note: name }))
  }
}

/** What a picture of a peer tells: the polls in it are not all. */
export function knownFrom(snapshot: Snapshot | null, cwd: string): Known {
  return {
    snapshot,
    cwd,
    polls: () => (snapshot?.tallies ?? []).map(({ poll }) => poll),
    choices: (poll) => strongest(snapshot?.tallies.find((tally) => tally.poll === poll)?.choices ?? {}),
  }
}

/** The choices of a tally, those with the most ballots first. */
export function strongest(choices: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(choices)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([choice]) => choice)
}
