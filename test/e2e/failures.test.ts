/** What goes wrong has one clear line that says what to do next, and the exit code that scripts rely on. */
import assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { Cluster, inCluster, PROGRAM } from './cluster.js'

const test = suite('failures')

/** One line on standard error that fits, nothing on standard output, this exit code. */
function fails(ended: { exit: number | null; stdout: string; stderr: string }, exit: number, words: RegExp): void {
  assert.strictEqual(ended.exit, exit, `${ended.stdout}${ended.stderr}`)
  assert.match(ended.stderr, words)
  assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack trace')
}

test(
  'without a running peer a command exits with 3 and says how to start one',
  inCluster(async (cluster) => {
    fails(await cluster.run(['status']), 3, /no peer.*running.*p2p-tui/i)
  }),
)

test(
  'mistakes in the words exit with 2',
  inCluster(async (cluster) => {
    fails(await cluster.run(['vtoe', 'a', 'b']), 2, /unknown command/)
    fails(await cluster.run(['vote', 'a']), 2, /choice/)
    fails(await cluster.run(['mine', 'sometimes']), 2, /own, always, never/)
    fails(await cluster.run(['--no-such-flag']), 2, /unknown option/)
    fails(await cluster.run(['--join', 'p2p1nonsense', '--headless']), 2, /ticket/)
    fails(await cluster.run(['--headless', '--name', 'two words']), 2, /no name for a peer/)
    fails(await cluster.run(['--json']), 2, /--headless/)
  }),
)

test(
  'a headless peer goes on when nobody reads its lines any more',
  inCluster(async (cluster) => {
    const ann = cluster.start('ann')
    await ann.ready
    ann.unhear()
    await cluster.start('bob').ready // of which ann has something to say
    await cluster.meshed(['ann', 'bob'])
    await cluster.json(['note', 'unheard'], { on: 'ann' })
    await cluster.json(['status'], { on: 'ann' })
  }),
)

test(
  'help and version exit with 0 on standard output',
  inCluster(async (cluster) => {
    const help = await cluster.run(['--help'])
    assert.strictEqual(help.exit, 0)
    assert.match(help.stdout, /vote.*store.*request/s)
    const version = await cluster.run(['--version'])
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    assert.match((await cluster.run(['request', '--help'])).stdout, /--output/)
  }),
)

test(
  'a missing file and an unknown name are refused with 1',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    fails(await cluster.run(['store', 'nowhere.txt']), 1, /nowhere\.txt/)
    fails(await cluster.run(['request', 'nothing.txt']), 1, /File does not exist/)
    fails(await cluster.run(['leave', 'nobody']), 1, /nobody/)
    fails(await cluster.run(['receipt', 'abc']), 1, /no record abc/)
  }),
)

test(
  'a reader that has enough ends a command without a word, whatever was left to print',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    const words = `"${process.execPath}" "${PROGRAM}"`
    const shell = spawnSync(
      'bash',
      [
        '-c',
        `head -c 3000000 /dev/zero > big; ${words} store big >&2; \
      ${words} request big -o - | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"; ls -- -`,
      ],
      {
        env: cluster.env,
        cwd: cluster.folder('shell'),
        encoding: 'utf8',
      },
    )
    assert.strictEqual(shell.stdout, '0\n', 'a good exit, and no file called "-"')
    assert.doesNotMatch(shell.stderr, /EPIPE|\n\s+at /)
  }),
)

test(
  'invite --lan opens every kind of address that this machine has, and quit --abrupt answers before it vanishes',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    const own = Object.values(networkInterfaces())
      .flatMap((infos) => infos ?? [])
      .filter((info) => !info.internal && !info.address.startsWith('fe80:'))
    if (own.length === 0) fails(await cluster.run(['invite', '--lan']), 1, /no address besides loopback/)
    else {
      const { addresses } = await cluster.json<{ addresses: string[] }>(['invite', '--lan'])
      for (const { address } of own)
        assert.ok(
          addresses.some((open) => open.includes(address)),
          `${address} is not among ${addresses.join(' ')}`,
        )
    }
    const gone = await cluster.run(['quit', '--abrupt', '--json'])
    assert.deepStrictEqual([gone.exit, JSON.parse(gone.stdout)], [0, { left: true, abrupt: true }])
  }),
)

test(
  'with several peers and none picked, they are listed and the exit is 2',
  inCluster(async (cluster) => {
    await cluster.startAll(['ada', 'bob'])
    const ended = await cluster.run(['status'])
    fails(ended, 2, /ada/)
    assert.match(ended.stderr, /bob/)
    assert.match(ended.stderr, /-n/)
    fails(await cluster.run(['status'], { on: 'zoe' }), 3, /zoe/)
  }),
)

test(
  'a state directory in use and a port in use are named',
  inCluster(async (cluster) => {
    const { data } = await cluster.start('ada').ready
    const second = await cluster.start('bob', '-d', data).ended
    assert.strictEqual(second.exit, 1)
    assert.match(second.stderr, /in use/)
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    const third = await cluster.start('cleo', '--listen', `127.0.0.1:${port}`).ended
    server.close()
    assert.strictEqual(third.exit, 1)
    assert.match(third.stderr, new RegExp(`${port}.*another program uses that port`))
  }),
)

test(
  'joining tells refused, unknown host and a network of another secret apart',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    fails(await cluster.run(['join', '127.0.0.1:1']), 1, /refused/)
    fails(await cluster.run(['join', 'no-such-host.invalid:24000']), 1, /unknown host/)
    const other = new Cluster()
    try {
      const { address } = await other.start('mallory').ready
      fails(await cluster.run(['join', address]), 1, /secret/)
    } finally {
      await other.close()
    }
  }),
)

test(
  'a ticket lets another user in, read from standard input',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    const { ticket } = await cluster.json<{ ticket: string }>(['invite'])
    assert.match(ticket, /^p2p1/)
    const other = new Cluster()
    try {
      const child = await other.runTicket('bob', ticket)
      await other.until(
        'bob to see ada',
        () => other.json<{ peers: number }>(['status'], { on: 'bob' }),
        (status) => status.peers === 1,
      )
      await child.kill('SIGTERM')
    } finally {
      await other.close()
    }
  }),
)

test(
  'SIGTERM is a polite end with exit 0, and the state directory can be used at once',
  inCluster(async (cluster) => {
    const { data } = await cluster.start('ada').ready
    const ended = await cluster.peers.get('ada')?.kill('SIGTERM')
    assert.strictEqual(ended?.exit, 0, ended?.stderr)
    const again = await cluster.start('ada', '-d', data).ready
    assert.strictEqual(again.data, join(data))
  }),
)

test(
  'a directory with other files in it is not taken for a state directory',
  inCluster(async (cluster) => {
    const folder = cluster.folder('photos')
    writeFileSync(join(folder, 'sea.jpg'), '')
    const ended = await cluster.start('ada', '-d', folder).ended
    fails(ended, 1, /photos holds other files/)
    assert.deepStrictEqual(readdirSync(folder), ['sea.jpg'])
  }),
)

test(
  'after quit returned the process is gone and its directory is free',
  inCluster(async (cluster) => {
    const { data } = await cluster.start('ada').ready
    const ended = await cluster.run(['quit', '--json'])
    assert.deepStrictEqual([ended.exit, JSON.parse(ended.stdout).left], [0, true])
    assert.strictEqual((await cluster.peers.get('ada')?.ended)?.exit, 0)
    assert.strictEqual((await cluster.start('ada', '-d', data).ready).data, data)
  }),
)

test(
  'a request into a directory puts the file there under its own name, and nothing is overwritten unasked',
  inCluster(async (cluster) => {
    await cluster.start('ada').ready
    writeFileSync(join(cluster.folder('ada'), 'a.txt'), 'one')
    await cluster.json(['store', 'a.txt'], { on: 'ada' })
    const folder = cluster.folder('inbox')
    const got = await cluster.json<{ path: string }>(['request', 'a.txt', '-o', folder], { on: 'ada' })
    assert.strictEqual(got.path, join(folder, 'a.txt'))
    fails(await cluster.run(['request', 'a.txt', '-o', folder], { on: 'ada' }), 1, /already there.*--force/)
    await cluster.json(['request', 'a.txt', '-o', folder, '--force'], { on: 'ada' })
  }),
)

test.run()
