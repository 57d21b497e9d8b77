/** The built program in real terminals: what a person sees and types, and that every way out gives the terminal back. */
import assert from 'node:assert'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { runningPeers } from '../../src/host/running.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('console')
const sha = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const READY = /\d peers?[\s\S]*: types a command/
/** Leaving may take ten seconds; a start and mining take what a shared machine gives. */
const DEADLINE_MS = 60_000

/** A shell that notes the terminal's state before and after, as a user's shell would meet it. */
const SHELL = 'trap : INT; stty -a >"$D/before"; "$0" "$@"; code=$?; stty -a >"$D/after"; echo "code $code"; read line'

interface Sized {
  readonly columns?: number
  readonly rows?: number
}

class Consoles {
  readonly #cluster: Cluster
  readonly #open: Terminal[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** A console peer in its own directory. */
  start(name: string, size: Sized = {}): Terminal {
    const cwd = this.#cluster.folder(name)
    return this.#keep(new Terminal([PROGRAM, '--name', name], { ...size, cwd, env: this.#cluster.env }))
  }

  /** The same, started from a shell that goes on after it. */
  startInShell(name: string, ...args: string[]): Terminal {
    const cwd = this.#cluster.folder(name)
    const words = ['-c', SHELL, process.execPath, PROGRAM, '--name', name, ...args]
    return this.#keep(new Terminal(words, { file: '/bin/sh', cwd, env: { ...this.#cluster.env, D: cwd } }))
  }

  async close(): Promise<void> {
    // a program behind a shell does not end with it
    for (const pid of runningPids(this.#cluster)) process.kill(pid, 'SIGKILL')
    await Promise.all(this.#open.map((terminal) => terminal.close()))
  }

  #keep(terminal: Terminal): Terminal {
    this.#open.push(terminal)
    return terminal
  }
}

/** Process ids of the peers that announced themselves and are there. */
function runningPids(cluster: Cluster, name?: string): readonly number[] {
  return runningPeers(join(cluster.env.P2P_RUNTIME_HOME ?? '', 'p2p-tui'))
    .filter((entry) => name === undefined || entry.name === name)
    .map((entry) => entry.pid)
}

function withConsoles(body: (consoles: Consoles, cluster: Cluster) => Promise<void>): () => Promise<void> {
  return inCluster(async (cluster) => {
    const consoles = new Consoles(cluster)
    try {
      await body(consoles, cluster)
    } finally {
      await consoles.close()
    }
  })
}

test(
  'two consoles find each other, vote once and fetch a file from each other',
  withConsoles(async (consoles, cluster) => {
    const [ada, bob] = [consoles.start('ada'), consoles.start('bob')]
    await ada.until(/1 Peers[\s\S]*[●◉] bob/, DEADLINE_MS)
    await bob.until(/1 Peers[\s\S]*[●◉] ada/, DEADLINE_MS)

    ada.type('vote alice yes\r')
    await ada.until(/✓ alice.*in block 1\b/, DEADLINE_MS)
    await Promise.all([ada, bob].map((one) => one.until(/#1 .*alice: yes/, DEADLINE_MS)))
    bob.type('vote alice no\r')
    await bob.until(/✗ Invalid\/duplicate Vote!/, DEADLINE_MS)

    const source = join(cluster.folder('ada'), 'music.txt')
    writeFileSync(source, randomBytes(3_000_000))
    ada.type(':store music.txt\r')
    await ada.until(/✓ stored music\.txt/, DEADLINE_MS)
    await bob.until(/4 Files[\s\S]*music\.txt +3\.\d MB/, DEADLINE_MS)
    const target = join(cluster.folder('bob'), 'copy.txt')
    bob.type(':request music.txt -o copy.txt\r')
    await bob.until(/✓ music\.txt: .*copy\.txt/s, DEADLINE_MS)
    assert.strictEqual(sha(target), sha(source))

    bob.type('q')
    assert.strictEqual(await bob.end(DEADLINE_MS), 0)
    await ada.until((screen) => !/[●◉] bob/.test(screen), DEADLINE_MS)
  }),
)

test(
  'what a departure leaves nowhere else is said after the console is gone',
  withConsoles(async (consoles, cluster) => {
    writeFileSync(join(cluster.folder('ada'), 'only.txt'), 'nobody else')
    const ada = consoles.start('ada')
    await ada.until(READY, DEADLINE_MS)
    ada.type(':store only.txt\r')
    await ada.until(/✓ only\.txt/, DEADLINE_MS)
    ada.type('q')
    const { code } = await ada.exited
    assert.strictEqual(code, 0)
    assert.match(ada.screen, /p2p-tui: nobody else holds "only\.txt": it comes back with this peer/)
    assert.doesNotMatch(ada.screen, /1 Peers/)
  }),
)

test(
  '120x40 shows the ring and a rate chart that follows a download',
  withConsoles(async (consoles, cluster) => {
    const [ada, bob] = [consoles.start('ada'), consoles.start('bob', { columns: 120, rows: 40 })]
    await Promise.all([ada.until(/[●◉] bob/, DEADLINE_MS), bob.until(/[●◉] ada/, DEADLINE_MS)])
    await bob.until(/3 Ring[\s\S]*[\u2801-\u28ff].*◆ bob[\s\S]*-1:30 +-1:00 +-0:30/, DEADLINE_MS)
    const dots = (screen: string) => (screen.slice(screen.indexOf(' Rate ')).match(/[\u2801-\u28ff]/g) ?? []).join('')
    const before = dots(bob.screen)
    writeFileSync(join(cluster.folder('ada'), 'big.bin'), randomBytes(24_000_000))
    ada.type(':share big.bin\r')
    await bob.until(/4 Files[\s\S]*big\.bin +24 MB/, DEADLINE_MS)
    bob.type(':request big.bin\r')
    await bob.until(/✓ big\.bin: /, DEADLINE_MS)
    await bob.until((screen) => /Rate MB\/s/.test(screen) && dots(screen) !== before, DEADLINE_MS)
  }),
)

const WAYS_OUT: Readonly<Record<string, (terminal: Terminal, pid: number) => void>> = {
  q: (terminal) => terminal.type('q'),
  ':quit': (terminal) => terminal.type(':quit\r'),
  'Ctrl-C': (terminal) => terminal.type('\u0003'),
  SIGTERM: (_, pid) => process.kill(pid, 'SIGTERM'),
  SIGHUP: (_, pid) => process.kill(pid, 'SIGHUP'),
  SIGINT: (_, pid) => process.kill(pid, 'SIGINT'),
}

/** Waits for the end of a program behind a shell, and checks that the terminal is as it was. */
async function assertGivenBack(terminal: Terminal, folder: string, exit: number): Promise<string> {
  const screen = await terminal.until(/code \d+/, DEADLINE_MS)
  assert.match(screen, new RegExp(`code ${exit}\\b`))
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  assert.strictEqual(read('after'), read('before'), 'stty -a')
  assert(!terminal.alternate, 'still on the alternate screen')
  const last = (sequence: string): number => terminal.output.lastIndexOf(sequence)
  assert(last('\u001b[?25h') >= last('\u001b[?25l'), 'the cursor is hidden')
  assert(last('\u001b[?2004l') >= last('\u001b[?2004h'), 'bracketed paste is on')
  return screen
}

for (const [way, leave] of Object.entries(WAYS_OUT)) {
  test(
    `${way} leaves the network and gives the terminal back`,
    withConsoles(async (consoles, cluster) => {
      const terminal = consoles.startInShell('ada')
      await terminal.until(READY, DEADLINE_MS)
      const [pid] = runningPids(cluster, 'ada')
      assert(pid !== undefined, 'announced')
      leave(terminal, pid)
      const screen = await assertGivenBack(terminal, cluster.folder('ada'), 0)
      assert.doesNotMatch(screen, /p2p-tui:/)
      assert.deepStrictEqual(runningPids(cluster), [])
    }),
  )
}

const ABRUPT_WAYS: Readonly<Record<string, (terminal: Terminal, cluster: Cluster) => unknown>> = {
  ':quit --abrupt': (terminal) => terminal.type(':quit --abrupt\r'),
  'Ctrl-C twice': (terminal) => terminal.type('\u0003\u0003'),
  'quit --abrupt from a shell': async (_, cluster) =>
    assert.deepStrictEqual(await cluster.json(['quit', '--abrupt'], { on: 'ada' }), { left: true, abrupt: true }),
}

for (const [way, leave] of Object.entries(ABRUPT_WAYS)) {
  for (const args of [[], ['--plain']]) {
    test(
      `${[way, ...args].join(', ')}: the peer is gone at once, and the terminal is given back`,
      withConsoles(async (consoles, cluster) => {
        const terminal = consoles.startInShell('ada', ...args)
        await terminal.until(args.length > 0 ? /ada: 0 peers/ : READY, DEADLINE_MS)
        await leave(terminal, cluster)
        assert.doesNotMatch(await assertGivenBack(terminal, cluster.folder('ada'), 0), /p2p-tui:|[Kk]illed/)
        assert.deepStrictEqual(runningPids(cluster), [])
      }),
    )
  }
}

test(
  'a start that fails gives the terminal back, says why in one line and exits with 1',
  withConsoles(async (consoles, cluster) => {
    const { data } = await cluster.start('first').ready
    const terminal = consoles.startInShell('second', '-d', data)
    const screen = await assertGivenBack(terminal, cluster.folder('second'), 1)
    const said = screen.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('code'))
    assert.match(said.join(''), /^p2p-tui: .*in use/)
    assert.doesNotMatch(screen, / at .*\.js/, 'no stack')
  }),
)

test.run()
