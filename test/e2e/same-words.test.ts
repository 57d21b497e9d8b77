/**
 * "Every command works in the prompt as in the shell, with the same words": walks the whole command table through both, on
 * one peer, and compares the answers. Numbers, ids and times differ from one moment to the next; the words may not.
 */
import assert from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { VoteView } from '../../src/api.js'
import { COMMANDS } from '../../src/cli/spec.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('same words')
/** Mining and leaving on a shared machine. */
const DEADLINE_MS = 60_000

interface Step {
  readonly shell: string
  /** Where the same line a second time would mean something else: another one, and what the shell's words are in it. */
  readonly typed?: string
  readonly same?: (words: string) => string
  readonly fails?: boolean
}

interface Scene {
  readonly cluster: Cluster
  readonly ada: Terminal
  readonly bobAddress: string
  /** Id of a ballot that is in the chain. */
  readonly ballot: string
}

type Walk = (scene: Scene) => readonly Step[]

const once =
  (...lines: readonly string[]): Walk =>
  () =>
    lines.map((shell) => ({ shell }))

const instead = (from: string, to: string) => (words: string) => words.replaceAll(from, to)

/** Every command but `log` and `quit`, which look different by nature and have tests of their own below. */
const WALKS: Readonly<Record<string, Walk>> = {
  status: once('status'),
  peers: once('peers'),
  ring: once('ring'),
  store: once('store song.txt', 'store "my song.txt" --as ours.txt', 'store song.txt --as parts.txt --spread'),
  share: once('share big.bin'),
  files: once('files', 'files s*'),
  manifest: once('manifest song.txt'),
  lookup: once('lookup song.txt'),
  request: () => [
    { shell: 'request far.txt -o one.txt', typed: 'request far.txt -o two.txt', same: instead('one.txt', 'two.txt') },
    { shell: 'request far.txt -o song.txt', fails: true },
    { shell: 'request nowhere.txt --timeout 30', fails: true },
  ],
  remove: () => [
    { shell: 'remove song.txt', typed: 'remove ours.txt', same: instead('song.txt', 'ours.txt') },
    { shell: 'remove nowhere.txt', fails: true },
  ],
  transfers: () => [{ shell: 'transfers' }, { shell: 'transfers cancel 99', fails: true }],
  folder: () => [
    ...['folder', 'folder conflicts', 'folder problems', 'folder restore'].map((shell) => ({ shell })),
    { shell: 'folder conflicts keep 1 that', fails: true },
    { shell: 'folder conflicts solve', fails: true },
    { shell: 'folder restore nothing', fails: true },
    { shell: 'folder resume --delete', fails: true },
    { shell: 'folder pause' },
    { shell: 'folder resume' },
  ],
  vote: () => [
    { shell: 'vote ann yes', typed: 'vote bea yes', same: instead('ann', 'bea') },
    { shell: 'vote ann no', fails: true },
    { shell: 'vote ann', fails: true },
  ],
  tally: once('tally', 'tally main'),
  poll: once('poll list', 'poll show main'),
  receipt: ({ ballot }) => [{ shell: `receipt ${ballot}` }, { shell: 'receipt 00', fails: true }],
  note: once('note lab 3 starts at ten'),
  chain: once('chain --last 3'),
  mine: () => [{ shell: 'mine never' }, { shell: 'mine own' }, { shell: 'mine sometimes', fails: true }],
  invite: once('invite'),
  leave: () => [{ shell: 'leave nobody', fails: true }],
  join: ({ bobAddress }) => [{ shell: `join ${bobAddress}` }, { shell: 'join nonsense', fails: true }],
}

/** Without what changes by itself, and without blanks: a screen wraps and pads. */
function shape(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[0-9a-f]{4}…[0-9a-f]{2}/g, 'ID')
        .replace(/\d+([.:]\d+)*/g, 'N')
        .replace(/N( [kMG]?B)\b/g, 'SIZE')
        .replace(/N ms|-(?= +SIZE)/g, 'RTT')
        .replace(/\s+/g, ''),
    )
    .join('')
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')

let marks = 0

/** Whatever stood there goes: a word of our own takes the message line, and nothing is open. */
async function cleared(ada: Terminal): Promise<void> {
  // an Esc with nothing to close would join the colon behind it
  if (!/1 Peers/.test(ada.screen)) ada.type('\u001b')
  await ada.until(/1 Peers/)
  const mark = `nothing-${marks++}`
  ada.type(`:${mark}\r`)
  await ada.until(new RegExp(`unknown command '${mark}'`), DEADLINE_MS)
}

async function walk(
  { cluster, ada }: Scene,
  { shell, typed = shell, same = (words) => words, fails }: Step,
): Promise<void> {
  const ended = await cluster.run(wordsOf(shell), { on: 'ada' })
  assert.strictEqual(ended.exit === 0, fails !== true, `${shell}: exit ${ended.exit} ${ended.stderr}`)
  // the shell's `receipt …` behind a vote is for scripts
  const said = (fails === true ? ended.stderr : ended.stdout)
    .split('\n')
    .filter((line) => !/^receipt \w{64}$/.test(line))
  const lines = said.filter((line) => line.trim() !== '' && !/^\s*(█|\(use|\(p2p-tui|Usage)/.test(line))
  assert(lines.length > 0, `${shell}: the shell says nothing`)
  await cleared(ada)
  ada.type(`:${typed}\r`)
  for (const line of lines) {
    const wanted = shape(same(line.replace(/^error: /, '')))
    await ada
      .until((screen) => shape(screen).includes(wanted), DEADLINE_MS)
      .catch((error: Error) => {
        throw new Error(`"${typed}" in the console does not say "${line}" (${wanted})\n${error.message}`)
      })
  }
}

async function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  await inCluster(async (cluster) => {
    const bob = await cluster.start('bob').ready
    const cwd = cluster.folder('ada')
    for (const name of ['song.txt', 'my song.txt', 'big.bin']) writeFileSync(join(cwd, name), `${name}\n`.repeat(99))
    writeFileSync(join(cluster.folder('bob'), 'far.txt'), 'from far\n'.repeat(999))
    const ada = new Terminal([PROGRAM, '--name', 'ada'], { columns: 200, rows: 60, cwd, env: cluster.env })
    try {
      await ada.until(/[●◉] bob[\s\S]*: types a command/, DEADLINE_MS)
      await cluster.json(['store', 'far.txt'], { on: 'bob', cwd: cluster.folder('bob') })
      const { ballot } = await cluster.json<VoteView>(['vote', 'first', 'yes'], { on: 'ada' })
      await body({ cluster, ada, bobAddress: bob.address, ballot })
    } finally {
      await ada.close()
    }
  })()
}

test('the walk covers every command that a console has', () => {
  const all = COMMANDS.filter((spec) => spec.shellOnly !== true).map(({ name }) => name)
  assert.deepStrictEqual([...Object.keys(WALKS), 'log', 'quit'].sort(), all.sort())
})

test('every command says the same in the prompt and in the shell', () =>
  withScene(async (scene) => {
    for (const steps of Object.values(WALKS)) for (const step of steps(scene)) await walk(scene, step)
  }))

test('leave and join: what one says in a shell, the other says in a console', () =>
  withScene(async (scene) => {
    const { cluster, ada, bobAddress } = scene
    const left = await cluster.run(['leave', 'bob'], { on: 'ada' })
    const joined = await cluster.run(['join', bobAddress], { on: 'ada' })
    assert.deepStrictEqual([left.exit, joined.exit], [0, 0], left.stderr + joined.stderr)
    for (const [line, { stdout }] of [
      ['leave bob', left],
      [`join ${bobAddress}`, joined],
    ] as const) {
      await cleared(ada)
      ada.type(`:${line}\r`)
      await ada.until((screen) => shape(screen).includes(shape(stdout)), DEADLINE_MS)
    }
  }))

test('log: the same lines from the same level on', () =>
  withScene(async ({ cluster, ada }) => {
    const { stdout } = await cluster.run(['log', 'info'], { on: 'ada' })
    const texts = stdout.split('\n').flatMap((line) => line.match(/^\S+ \w+ (.+)/)?.[1] ?? [])
    assert(texts.length > 1, stdout)
    ada.type(':log info\r')
    for (const text of texts.slice(-20)) await ada.until((screen) => shape(screen).includes(shape(text)))
    const warned = await cluster.run(['log', 'sometimes'], { on: 'ada' })
    assert.strictEqual(warned.exit, 2)
    await cleared(ada)
    ada.type(':log sometimes\r')
    await ada.until(/one of debug, info, notice, warn, error/)
  }))

test('--json typed in a console opens the document of the shell', () =>
  withScene(async ({ cluster, ada }) => {
    const { stdout } = await cluster.run(['ring', '--json'], { on: 'ada' })
    const document = JSON.stringify(JSON.parse(stdout), null, 2).split('\n')
    ada.type(':ring --json\r')
    await ada.until(/── ring --json/)
    await ada.until((screen) => document.every((line) => screen.includes(line)))
  }))

test('what needs a shell around it says what to do instead', () =>
  withScene(async ({ ada, cluster }) => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        'request far.txt -o -',
        /no standard output: request far\.txt -o <file>, or in a shell p2p-tui request far\.txt -o -/,
      ],
      ['join -', /no standard input: type join and paste the ticket/],
      ['status -n bob', /--name is for a shell/],
      ['attach', /attach is for a shell/],
      ['quit now', /too many arguments/],
    ]
    for (const [line, expected] of cases) {
      await cleared(ada)
      ada.type(`:${line}\r`)
      await ada.until(expected)
    }
    const asked = await cluster.run(['help', 'vote'])
    assert.strictEqual(asked.exit, 0)
    for (const line of ['help vote', 'vote --help']) {
      await cleared(ada)
      ada.type(`:${line}\r`)
      for (const part of asked.stdout.split('\n').filter((one) => one.trim() !== ''))
        await ada.until((screen) => shape(screen).includes(shape(part)))
    }
  }))

test('quit leaves the network from the prompt as from a shell', () =>
  withScene(async ({ cluster, ada }) => {
    const shell = await cluster.run(['quit'], { on: 'bob' })
    assert.deepStrictEqual([shell.exit, shell.stdout], [0, 'leaving\n'])
    ada.type(':quit\r')
    assert.strictEqual(await ada.end(DEADLINE_MS), 0)
  }))

test.run()
