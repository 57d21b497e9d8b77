/** The optional `config.json` in the config directory: what a user would otherwise type at every start. Flags win. */
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { FOLDER_MODES } from '../folder-views.js'
import type { Globals } from './parse.js'
import { expandHome } from './paths.js'

const TEXTS = ['name', 'network', 'mine', 'quota', 'folderMode'] as const
const LISTS = ['join', 'listen'] as const
const NUMBERS = ['replicas', 'pingInterval'] as const
const FLAGS = ['lan', 'udp'] as const
const FOLDER = 'folder'

type Settings = Partial<Record<string, unknown>>

/** Globals with the file's settings filled in where no flag was given; throws OperationalError on a bad file. */
export function withConfig(globals: Globals, configDirectory: string): Globals {
  const path = join(configDirectory, 'config.json')
  const settings = read(path)
  if (settings === null) return globals
  check(path, settings)
  const text = (key: string): string | undefined => (typeof settings[key] === 'string' ? settings[key] : undefined)
  const number = (key: string): number | undefined => (typeof settings[key] === 'number' ? settings[key] : undefined)
  const list = (key: string): readonly string[] => (Array.isArray(settings[key]) ? settings[key].map(String) : [])
  return {
    ...globals,
    name: globals.name ?? text('name'),
    network: globals.network ?? text('network'),
    folder: globals.folder ?? folderOf(settings),
    folderMode: globals.folderMode ?? text('folderMode'),
    mine: globals.mine ?? text('mine'),
    quota: globals.quota ?? text('quota'),
    join: [...globals.join, ...list('join')],
    listen: [...globals.listen, ...list('listen')],
    replicas: globals.replicas ?? number('replicas'),
    pingInterval: globals.pingInterval ?? number('pingInterval'),
    lan: globals.lan || settings.lan === true,
    udp: globals.udp && settings.udp !== false,
  }
}

function folderOf({ folder }: Settings): string | false | undefined {
  if (folder === false) return false
  return typeof folder === 'string' ? expandHome(folder) : undefined
}

function read(path: string): Settings | null {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new OperationalError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    const value: unknown = JSON.parse(content)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    throw new OperationalError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw new OperationalError(`${path} must hold one JSON object`)
}

function check(path: string, settings: Settings): void {
  const expect = (key: string, fits: boolean, what: string): void => {
    if (!fits) throw new OperationalError(`${path}: "${key}" must be ${what}`)
  }
  for (const [key, value] of Object.entries(settings)) {
    if (TEXTS.some((known) => known === key)) expect(key, typeof value === 'string', 'text')
    else if (LISTS.some((known) => known === key))
      expect(
        key,
        Array.isArray(value) && value.length <= 16 && value.every((item) => typeof item === 'string'),
        'a list of host:port',
      )
    else if (NUMBERS.some((known) => known === key))
      expect(key, Number.isSafeInteger(value) && Number(value) >= 1, 'a whole number')
    else if (key === FOLDER)
      expect(key, value === false || isWholePath(value), 'an absolute path, one that begins with ~/, or false for none')
    else if (FLAGS.some((known) => known === key)) expect(key, typeof value === 'boolean', 'true or false')
    else
      throw new OperationalError(
        `${path}: unknown setting "${key}" (known: ${[...TEXTS, FOLDER, ...LISTS, ...NUMBERS, ...FLAGS].join(', ')})`,
      )
  }
  if (typeof settings.mine === 'string')
    expect('mine', /^(own|always|never)$/.test(settings.mine), 'own, always or never')
  const modes: readonly string[] = FOLDER_MODES
  if (typeof settings.folderMode === 'string')
    expect('folderMode', modes.includes(settings.folderMode), FOLDER_MODES.join(', '))
}

/** There is no directory that a relative one could begin at. */
function isWholePath(value: unknown): boolean {
  return typeof value === 'string' && isAbsolute(expandHome(value))
}
