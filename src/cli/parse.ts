/**
 * Words in, an invocation or a usage error out; the same for argv and the prompt. Commander does the parsing and
 * writes the help from the command table.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { FOLDER_MODES } from '../folder-views.js'
import { COMMANDS, type CommandSpec, GLOBAL_OPTIONS, type OptionSpec } from './spec.js'

export { splitLine } from './words.js'

export interface Globals {
  readonly join: readonly string[]
  readonly listen: readonly string[]
  readonly lan: boolean
  readonly udp: boolean
  readonly name: string | undefined
  readonly data: string | undefined
  readonly network: string | undefined
  /** False: shares none. */
  readonly folder: string | false | undefined
  readonly folderMode: string | undefined
  readonly replicas: number | undefined
  readonly quota: string | undefined
  readonly mine: string | undefined
  readonly pingInterval: number | undefined
  readonly timeout: number | undefined
  readonly headless: boolean
  readonly plain: boolean
  readonly json: boolean
}

export interface Invocation {
  /** null: no command word, so start the console peer. */
  readonly command: string | null
  readonly args: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string | boolean>>
  readonly globals: Globals
}

/** `exit` 0 is help or version asked for; 2 is a mistake. */
export type Parsed =
  | { readonly ok: true; readonly invocation: Invocation }
  | { readonly ok: false; readonly exit: number; readonly text: string }

const MAX_REPEATED = 16

export function parseWords(words: readonly string[], version: string): Parsed {
  let said = ''
  let found: Invocation | null = null
  const program = new Command('p2p-tui')
  const settle = (command: string | null, args: Record<string, string>, options: Record<string, string | boolean>) => {
    found = { command, args, options, globals: globalsOf(program.opts()) }
  }
  prepare(program, (text) => {
    said += text
  })
  program
    .description('A private peer-to-peer network in your terminal.')
    .version(version, '-V, --version')
    .argument('[command...]')
    .allowExcessArguments(false)
    .usage('[options] [command]')
    .action(([word]: readonly string[]) => {
      if (word !== undefined) program.error(unknown(word), { exitCode: 2, code: 'unknown' })
      settle(null, {}, {})
    })
  program.helpCommand('help [command]', 'the page of a command')
  for (const option of GLOBAL_OPTIONS) program.addOption(optionOf(option))
  for (const spec of COMMANDS) addCommand(program, spec, settle)
  program.addHelpText('after', '\nWithout a command: opens the console and joins or founds the network.')
  try {
    program.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { ok: false, exit: error.exitCode === 0 ? 0 : 2, text: said.trimEnd() }
  }
  if (found === null) return { ok: false, exit: 2, text: said.trimEnd() || 'nothing to do' }
  return { ok: true, invocation: found }
}

function prepare(command: Command, say: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeOut: say, writeErr: say }).configureHelp({ showGlobalOptions: false })
}

function addCommand(
  program: Command,
  spec: CommandSpec,
  settle: (command: string, args: Record<string, string>, options: Record<string, string | boolean>) => void,
): void {
  const command = program.command(spec.name).summary(spec.summary).description(spec.summary)
  command.copyInheritedSettings(program).showHelpAfterError(`(p2p-tui ${spec.name} --help says how)`)
  for (const argument of spec.args) {
    const name = argument.kind === 'rest' ? `${argument.name}...` : argument.name
    command.argument(argument.required ? `<${name}>` : `[${name}]`, '', (value: string, previous: unknown) => {
      if (argument.choices !== undefined && !argument.choices.includes(value.toLowerCase()))
        throw new InvalidArgumentError(`one of ${argument.choices.join(', ')}`)
      if (argument.kind === 'number' && !/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('a whole number')
      return argument.kind === 'rest' && Array.isArray(previous)
        ? [...previous, value]
        : argument.kind === 'rest'
          ? [value]
          : value
    })
  }
  for (const option of spec.options) command.addOption(optionOf(option))
  command.addHelpText('after', formsOf(spec))
  command.addHelpText('after', takenBy(spec))
  command.addHelpText('after', `\nExample:\n  p2p-tui ${spec.example}`)
  command.action((...given: unknown[]) => {
    const args: Record<string, string> = {}
    for (const [place, argument] of spec.args.entries()) {
      const value = given[place]
      if (typeof value === 'string') args[argument.name] = value
      else if (Array.isArray(value)) args[argument.name] = value.join(' ')
    }
    settle(spec.name, args, { ...command.opts() })
  })
}

function formsOf({ forms = [] }: CommandSpec): string {
  if (forms.length === 0) return ''
  const width = Math.max(...forms.map(([words]) => words.length))
  return ['\nForms:', ...forms.map(([words, does]) => `  ${words.padEnd(width)}  ${does}`)].join('\n')
}

/** Options of the whole program, as they stand in its help. */
function takenBy({ takes = [] }: CommandSpec): string {
  const taken = GLOBAL_OPTIONS.filter(({ flags }) => takes.some((one) => flags.split(/[ ,]+/).includes(one)))
  if (taken.length === 0) return ''
  const width = Math.max(...taken.map(({ flags }) => flags.length))
  return ['\nTakes:', ...taken.map(({ flags, summary }) => `  ${flags.padEnd(width)}  ${summary}`)].join('\n')
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.summary)
  if (spec.flags.includes('--join') || spec.flags.includes('--listen')) {
    option.argParser((value: string, previous: unknown) => {
      const list = Array.isArray(previous) ? previous : []
      if (list.length >= MAX_REPEATED) throw new InvalidArgumentError(`at most ${MAX_REPEATED}`)
      return [...list, value]
    })
  }
  if (spec.kind === 'number') {
    option.argParser((value: string) => {
      if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('a whole number')
      return value
    })
  }
  if (spec.flags.startsWith('--folder-mode')) option.choices(FOLDER_MODES)
  if (spec.flags.startsWith('--mine')) option.choices(['own', 'always', 'never'])
  return option
}

function globalsOf(opts: Readonly<Record<string, unknown>>): Globals {
  const text = (key: string): string | undefined => (typeof opts[key] === 'string' ? opts[key] : undefined)
  const number = (key: string): number | undefined => (text(key) === undefined ? undefined : Number(text(key)))
  const many = (key: string): readonly string[] => (Array.isArray(opts[key]) ? opts[key].map(String) : [])
  return {
    join: many('join'),
    listen: many('listen'),
    lan: opts.lan === true,
    udp: opts.udp !== false,
    name: text('name'),
    data: text('data'),
    network: text('network'),
    folder: opts.folder === false ? false : text('folder'),
    folderMode: text('folderMode'),
    replicas: number('replicas'),
    quota: text('quota'),
    mine: text('mine'),
    pingInterval: number('pingInterval'),
    timeout: number('timeout'),
    headless: opts.headless === true,
    plain: opts.plain === true,
    json: opts.json === true,
  }
}

function unknown(word: string): string {
  const near = COMMANDS.map((spec) => spec.name).filter((name) => name.startsWith(word.slice(0, 2).toLowerCase()))
  return `error: unknown command '${word}'${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''} (--help lists them)`
}
