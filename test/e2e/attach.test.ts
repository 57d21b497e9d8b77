/** `p2p-tui attach` with the built program in real terminals: the screen of a headless peer, and what leaving it does. */
import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { StatusView, TallyView } from '../../src/api.js'
import { isAlive } from '../is-alive.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('attach')
/** A shell that notes the terminal's state before and after, and the console's process id. */
const SHELL =
  'stty -a >"$D/before"; sh -c \'echo $$ >"$D/pid"; exec "$0" "$@"\' "$0" "$@"; ' +
  'code=$?; stty -a >"$D/after"; echo "code $code"; read line'
const READY = /ada[\s\S]*alone on the ring[\s\S]*: types a command/
/** Mining on a shared machine. */
const MINED_MS = 60_000

/** Terminals beside a headless peer, all closed whatever happens. */
function withAda(body: (consoles: Consoles, cluster: Cluster) => Promise<void>): () => Promise<void> {
  return inCluster(async (cluster) => {
    await cluster.startAll(['ada'])
    const consoles = new Consoles(cluster)
    try {
      await body(consoles, cluster)
    } finally {
      await consoles.close()
    }
  })
}

class Consoles {
  readonly #cluster: Cluster
  readonly #open: Attached[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** An attached console started from a shell that notes the terminal's state before and after. */
  async attach(name = 'ada', ready = READY): Promise<Attached> {
    const folder = this.#cluster.folder(`console-${this.#open.length}`)
    const words = ['-c', SHELL, process.execPath, PROGRAM, 'attach', '-n', name]
    const attached = new Attached(
      new Terminal(words, { file: '/bin/sh', cwd: folder, env: { ...this.#cluster.env, D: folder } }),
      folder,
    )
    this.#open.push(attached)
    await attached.terminal.until(ready)
    return attached
  }

  async close(): Promise<void> {
    for (const attached of this.#open) await attached.close()
  }
}

class Attached {
  constructor(
    readonly terminal: Terminal,
    readonly folder: string,
  ) {}

  get pid(): number {
    return Number(readFileSync(join(this.folder, 'pid'), 'utf8'))
  }

  /** Waits for the end of the console and checks that the terminal is as it was; answers the screen. */
  async ends(code: number): Promise<string> {
    const screen = await this.terminal.until(/code \d+/)
    assert.match(screen, new RegExp(`code ${code}\\b`), screen)
    const read = (name: string): string => readFileSync(join(this.folder, name), 'utf8')
    assert.strictEqual(read('after'), read('before'))
    assert.deepStrictEqual(this.terminal.leftOn, [])
    return screen
  }

  async close(): Promise<void> {
    killQuietly(this.pid)
    await this.terminal.close()
  }
}

/** It has ended already where all went well. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

const goesOn = async (cluster: Cluster): Promise<void> => {
  assert.strictEqual((await cluster.json<StatusView>(['status'], { on: 'ada' })).name, 'ada')
}

test(
  'an attached console shows the peer, adds a vote that is typed there, and q leaves the peer running',
  withAda(async (consoles, cluster) => {
    const attached = await consoles.attach()
    const { terminal } = attached
    await terminal.until(/q detach/)
    terminal.type('?')
    await terminal.until(
      /Ctrl-Z +stop this console, not ada[\s\S]*q Ctrl-C +detach: ada goes on \(p2p-tui quit -n ada stops it\)/,
    )
    terminal.type('\u001b')
    await terminal.until(READY)
    terminal.type(':vote alice yes\r')
    await terminal.until(/alice → yes: in block 1/, MINED_MS)
    assert.deepStrictEqual((await cluster.json<TallyView>(['tally'], { on: 'ada' })).choices, { yes: 1 })
    assert.strictEqual((await cluster.run(['vote', 'bob', 'no'], { on: 'ada' })).exit, 0)
    await terminal.until(/bob[\s\S]*no/)
    terminal.type('q')
    assert.match(await attached.ends(0), /detached; ada goes on \(p2p-tui quit -n ada stops it\)/)
    await goesOn(cluster)
  }),
)

for (const [how, leave] of [
  [':quit --abrupt', (attached: Attached) => attached.terminal.type(':quit --abrupt\r')],
  ['Ctrl-C', (attached: Attached) => attached.terminal.type('\u0003')],
  ['SIGTERM', (attached: Attached) => void process.kill(attached.pid, 'SIGTERM')],
] as const) {
  test(
    `${how} in an attached console leaves the peer running`,
    withAda(async (consoles, cluster) => {
      const attached = await consoles.attach()
      leave(attached)
      assert.match(await attached.ends(0), /detached; ada goes on/)
      await goesOn(cluster)
    }),
  )
}

test(
  'a terminal that is closed under an attached console leaves the peer running and no console behind',
  withAda(async (consoles, cluster) => {
    const { terminal, pid } = await consoles.attach()
    terminal.hangUp()
    await cluster.until(
      'the console to end',
      async () => isAlive(pid),
      (alive) => !alive,
    )
    await goesOn(cluster)
  }),
)

test(
  'a killed peer closes its attached console with the reason, and the terminal is as it was',
  withAda(async (consoles, cluster) => {
    const attached = await consoles.attach()
    await cluster.peers.get('ada')?.kill('SIGKILL')
    assert.match(await attached.ends(1), /p2p-tui: ada: its process is gone/)
  }),
)

test(
  'of two attached consoles one stands still: the peer, its commands and the other go on, and it ends all the same',
  withAda(async (consoles, cluster) => {
    const stands = await consoles.attach()
    const goes = await consoles.attach()
    process.kill(stands.pid, 'SIGSTOP')
    for (let voter = 1; voter <= 3; voter++) {
      assert.strictEqual((await cluster.run(['vote', `voter-${voter}`, 'yes'], { on: 'ada' })).exit, 0)
      await goes.terminal.until(new RegExp(`voter-${voter}`))
    }
    const quit = await cluster.run(['quit'], { on: 'ada' })
    assert.strictEqual(quit.exit, 0, quit.stderr)
    assert.strictEqual((await cluster.peers.get('ada')?.ended)?.exit, 0)
    assert.match(await goes.ends(1), /p2p-tui: ada: it left the network/)
    process.kill(stands.pid, 'SIGCONT')
    assert.match(await stands.ends(1), /p2p-tui: ada: it left the network/)
  }),
)

test(
  'a console of a peer that stands still says so when a command is cancelled, and leaves at once',
  withAda(async (consoles, cluster) => {
    const attached = await consoles.attach()
    const ada = cluster.peers.get('ada')?.pid ?? 0
    process.kill(ada, 'SIGSTOP')
    attached.terminal.type(':status\r')
    await attached.terminal.until(/x cancel/)
    attached.terminal.type('x')
    await attached.terminal.until(/ada does not answer/)
    attached.terminal.type('q')
    await attached.ends(0)
    process.kill(ada, 'SIGCONT')
    await goesOn(cluster)
  }),
)

test(
  'a console attaches to a peer that has a console of its own, and its end closes both',
  withAda(async (consoles, cluster) => {
    const cwd = cluster.folder('eve')
    const eve = new Terminal([PROGRAM, '--name', 'eve'], { cwd, env: cluster.env })
    try {
      await eve.until(/eve[\s\S]*1 peer/)
      const attached = await consoles.attach('eve', /eve[\s\S]*1 peer/)
      attached.terminal.type(':note written elsewhere\r')
      await attached.terminal.until(/note: in block 1/, MINED_MS)
      await eve.until(/written elsewhere/)
      eve.type('q')
      assert.strictEqual(await eve.end(), 0)
      assert.match(await attached.ends(1), /p2p-tui: eve: it left the network/)
      await goesOn(cluster)
    } finally {
      await eve.close()
    }
  }),
)

test(
  'attach without a running peer says so, and beside several peers asks which',
  withAda(async (_, cluster) => {
    const nobody = await cluster.run(['attach', '-n', 'nobody'])
    assert.deepStrictEqual([nobody.exit, nobody.stdout], [3, ''])
    assert.match(nobody.stderr, /no peer "nobody" is running; running: ada/)
    await cluster.start('bob').ready
    const several = await cluster.run(['attach'])
    assert.strictEqual(several.exit, 2)
    assert.match(several.stderr, /pick one with -n or -d/)
  }),
)

test(
  'without a terminal an attached console is plain lines',
  withAda(async (_, cluster) => {
    const ended = await cluster.run(['attach', '-n', 'ada'], { input: 'vote alice yes\ntally\nquit\n' })
    assert.strictEqual(ended.exit, 0, ended.stderr)
    assert.match(ended.stdout, /alice → yes: in block 1[\s\S]*main: 1 ballot at block 1/)
    assert.match(ended.stderr, /detached; ada goes on/)
    await goesOn(cluster)
  }),
)

test.run()
