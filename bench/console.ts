/**
 * The console against its budgets: first paint and command start relative to a bare node start (measured in turn, so that
 * both see the same machine), idle processor time, private memory, key echo, and what is written to the terminal.
 * The built program is driven in a pty. Key echo is measured on a scripted source, since no network makes 20,000 events a
 * second at will, and on a real peer that mines while four files come in.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Cluster } from '../test/e2e/cluster.js'
import { Terminal } from '../test/e2e/terminal.js'
import { writeBigFile } from './support/big-file.js'
import { bytesPerSecond, keyEchoes } from './support/key-echo.js'
import { anonymousMegabytes, cpuSeconds } from './support/process-figures.js'
import { type Figure, median, percentile, report } from './support/report.js'

const ROUNDS = 9
const KEYS = 200
const REAL_KEYS = 100
const ECHO_MS = 50
const FILES = 4
const FILE_BYTES = 384 << 20
const SIZES = [
  [80, 24],
  [120, 40],
  [200, 60],
] as const
/** The charts are loaded by then. */
const WRITTEN_AFTER_MS = 2000
const WRITTEN_MS = 5000
const EVENTS_PER_SECOND = 20_000
const SETTLE_MS = 5000
const IDLE_MS = 10_000
/** First thing the console writes about itself. */
const FIRST_PAINT = /starting|peers?\b/

const root = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = join(root, 'dist/p2p-tui.cjs')
const DRIVER = join(root, 'dist/bench/driver.js')

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A home of its own, so that the bench meets none of the user's peers. */
const home = mkdtempSync(join(tmpdir(), 'p2p-tui-bench-'))
const env = {
  HOME: home,
  P2P_CONFIG_HOME: join(home, 'config'),
  P2P_DATA_HOME: join(home, 'data'),
  P2P_RUNTIME_HOME: join(home, 'run'),
  NODE_ENV: 'production',
}

/** What a program in the terminal prints first, and when. */
async function msUntil(args: readonly string[], expected: RegExp): Promise<number> {
  const started = performance.now()
  const terminal = new Terminal(args, { env })
  try {
    await terminal.until(expected)
    return performance.now() - started
  } finally {
    await terminal.close()
  }
}

function msToRun(args: readonly string[]): number {
  const started = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr}`)
  return performance.now() - started
}

async function firstPaint(program: readonly string[]): Promise<Figure[]> {
  const bare: number[] = []
  const paint: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await msUntil(['-e', 'process.stdout.write("ready")'], /ready/))
    paint.push(await msUntil(program, FIRST_PAINT))
  }
  return [
    { name: 'bare node in a terminal', value: median(bare), unit: 'ms', budget: null, better: 'less' },
    { name: 'first paint', value: median(paint), unit: 'ms', budget: null, better: 'less' },
    { name: 'first paint to bare node', value: median(paint) / median(bare), unit: 'x', budget: 2.5, better: 'less' },
  ]
}

/** One console that nobody touches, and a command beside it. */
async function atRest(program: readonly string[], command: readonly string[] | null): Promise<Figure[]> {
  const terminal = new Terminal(program, { env })
  try {
    await terminal.until(/\d+ peers?\b/)
    await wait(SETTLE_MS)
    const figures: Figure[] = []
    const before = cpuSeconds(terminal.pid)
    await wait(IDLE_MS)
    const after = cpuSeconds(terminal.pid)
    const memory = anonymousMegabytes(terminal.pid)
    if (before !== null && after !== null) {
      const share = ((after - before) / (IDLE_MS / 1000)) * 100
      figures.push({ name: 'idle processor', value: share, unit: '% of a core', budget: 2, better: 'less' })
    }
    if (memory !== null)
      figures.push({ name: 'private memory', value: memory, unit: 'MB', budget: 150, better: 'less' })
    return command === null ? figures : [...figures, ...commandStart(command)]
  } finally {
    await terminal.close()
  }
}

/** A peer without a console, alone in a network. */
async function headless(): Promise<Figure[]> {
  const child = spawn(process.execPath, [PROGRAM, '--headless', '--json', '--network', 'bench-headless'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data: Buffer) => {
        if (data.includes('"ready"')) resolve()
      })
      child.on('close', () => reject(new Error('the headless peer ended before it was ready')))
    })
    await wait(SETTLE_MS)
    const before = cpuSeconds(child.pid ?? 0)
    await wait(IDLE_MS)
    const after = cpuSeconds(child.pid ?? 0)
    const memory = anonymousMegabytes(child.pid ?? 0)
    if (before === null || after === null || memory === null) return []
    const share = ((after - before) / (IDLE_MS / 1000)) * 100
    return [
      { name: 'headless, idle processor', value: share, unit: '% of a core', budget: null, better: 'less' },
      { name: 'headless, private memory', value: memory, unit: 'MB', budget: 90, better: 'less' },
    ]
  } finally {
    child.kill()
    await ended
  }
}

function commandStart(command: readonly string[]): Figure[] {
  const bare: number[] = []
  const run: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(msToRun(['-e', '0']))
    run.push(msToRun(command))
  }
  return [
    { name: 'bare node', value: median(bare), unit: 'ms', budget: null, better: 'less' },
    { name: 'command `status`', value: median(run), unit: 'ms', budget: null, better: 'less' },
    { name: 'command to bare node', value: median(run) / median(bare), unit: 'x', budget: 1.5, better: 'less' },
  ]
}

/** While the source changes 20,000 times a second. */
async function scriptedEcho(): Promise<Figure[]> {
  const terminal = new Terminal([DRIVER, JSON.stringify({ eventsPerSecond: EVENTS_PER_SECOND, downloads: 4 })], { env })
  try {
    await terminal.until(/: types a command/)
    const echoes = await keyEchoes(terminal, KEYS)
    return echoFigures('key echo', echoes, `80x24, ${EVENTS_PER_SECOND} events/s, ${KEYS} keys, scripted source`)
  } finally {
    await terminal.close()
  }
}

function echoFigures(name: string, echoes: readonly number[], note: string, budget: number | null = ECHO_MS): Figure[] {
  return [
    { name: `${name}, median`, value: median(echoes), unit: 'ms', budget: null, better: 'less', note },
    { name: `${name}, p95`, value: percentile(echoes, 0.95), unit: 'ms', budget, better: 'less', note },
  ]
}

/** A real peer's console among two peers that mine, while four files come in. */
async function realEcho(): Promise<Figure[]> {
  const cluster = new Cluster()
  const names = Array.from({ length: FILES }, (_, file) => `file-${file}`)
  try {
    await cluster.startAll(['ann', 'bob'], '--mine', 'always')
    for (const name of names) writeBigFile(join(cluster.folder('ann'), name), FILE_BYTES)
    for (const name of names) await cluster.json(['share', name], { on: 'ann' })
    const terminal = new Terminal([PROGRAM, '--name', 'cyd', '--mine', 'always'], {
      cwd: cluster.folder('cyd'),
      env: cluster.env,
    })
    try {
      await terminal.until(/2 peers/)
      // they end with the cluster
      for (const name of names) void cluster.run(['request', name], { on: 'cyd' }).catch(() => undefined)
      await terminal.until((screen) => names.every((name) => screen.includes(name)))
      const start = terminal.output.length
      const echoes = await keyEchoes(terminal, REAL_KEYS)
      const bytes = bytesPerSecond(terminal.output.slice(start))
      const moving = await cluster.json<readonly { state: string }[]>(['transfers'], { on: 'cyd' })
      const still = moving.filter(({ state }) => state === 'running').length
      const note = `80x24, ${REAL_KEYS} keys, 3 peers mine, ${FILES} files of ${FILE_BYTES >> 20} MiB, ${still} still on their way`
      return [
        // mining takes every core there is: what is left to the console depends on how many there are
        ...echoFigures('key echo, real peer', echoes, note, null),
        { name: 'written at 10 fps, real peer', value: bytes, unit: 'B/s', budget: 8192, better: 'less', note },
      ]
    } finally {
      await terminal.close()
    }
  } finally {
    await cluster.close()
  }
}

/** What a console with four downloads writes. */
async function written(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [columns, rows] of SIZES) {
    const script = { eventsPerSecond: EVENTS_PER_SECOND, downloads: 4 }
    const terminal = new Terminal([DRIVER, JSON.stringify(script)], { env, columns, rows })
    try {
      await terminal.until(/: types a command/)
      await wait(WRITTEN_AFTER_MS)
      const start = terminal.output.length
      await wait(WRITTEN_MS)
      const value = bytesPerSecond(terminal.output.slice(start))
      const name = `written at 10 fps, ${columns}x${rows}`
      figures.push({ name, value, unit: 'B/s', budget: 8192, better: 'less', note: 'four downloads, scripted source' })
    } finally {
      await terminal.close()
    }
  }
  return figures
}

/** The scripted console, bundled as the product is. */
async function bundleDriver(): Promise<void> {
  mkdirSync(join(root, 'dist/bench'), { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: ['test/ui/driver.ts'],
    outdir: 'dist/bench',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    jsx: 'automatic',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { 'react-devtools-core': './.ci/empty.mjs' },
    external: ['blessed-contrib', 'blessed-contrib/*'],
    banner: {
      js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
    },
  })
}

try {
  await bundleDriver()
  const built = existsSync(PROGRAM)
  const program = built ? [PROGRAM, '--network', 'bench'] : [DRIVER, '{"startAfterMs":1000,"idle":true}']
  const command = built ? [PROGRAM, 'status', '--network', 'bench'] : null
  const paint = await firstPaint(program)
  const rest = await atRest(program, command)
  report(built ? 'console' : 'console (scripted source: dist/p2p-tui.cjs is not built)', [
    ...paint,
    ...rest,
    ...(built ? await headless() : []),
    ...(await scriptedEcho()),
    ...(built ? await realEcho() : []),
    ...(await written()),
  ])
} finally {
  rmSync(home, { recursive: true, force: true })
}
