/** Running transfers answer to pause, resume and cancel, and say why they stand still. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { FileView, TransferView } from '../../src/api.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('transfers')
const BYTES = 8 * 1024 * 1024

/** ada shares a file, bob knows of it, and ada is frozen: whatever bob asks for stands still. */
async function frozenSource(cluster: Cluster): Promise<Buffer> {
  await cluster.startAll(['ada', 'bob'])
  await cluster.meshed(['ada', 'bob'])
  const bytes = randomBytes(BYTES)
  writeFileSync(join(cluster.folder('ada'), 'big.bin'), bytes)
  await cluster.json(['share', 'big.bin'], { on: 'ada' })
  await cluster.until(
    'bob to know the file and its holder',
    () => cluster.json<FileView[]>(['files'], { on: 'bob' }),
    (files) => files[0]?.holders === 1,
  )
  process.kill(cluster.peers.get('ada')?.pid ?? 0, 'SIGSTOP')
  return bytes
}

const running = (cluster: Cluster): Promise<TransferView[]> =>
  cluster.until(
    'the transfer in the list',
    () => cluster.json<TransferView[]>(['transfers'], { on: 'bob' }),
    (transfers) => transfers.some((transfer) => transfer.direction === 'down' && transfer.state !== 'done'),
  )

test(
  'a cancelled transfer ends its request with 1 and leaves no part behind',
  inCluster(async (cluster) => {
    await frozenSource(cluster)
    const target = join(cluster.folder('bob'), 'big.bin')
    const request = cluster.run(['request', 'big.bin'], { on: 'bob' })
    const [transfer] = await running(cluster)
    await cluster.json(['transfers', 'cancel', String(transfer?.n)], { on: 'bob' })
    const ended = await request
    assert.strictEqual(ended.exit, 1)
    assert.match(ended.stderr, /cancelled/)
    assert.ok(!existsSync(target))
  }),
)

test(
  'a request without a live source gives up with 4 after --timeout',
  inCluster(async (cluster) => {
    await frozenSource(cluster)
    const ended = await cluster.run(['request', 'big.bin', '--timeout', '2'], { on: 'bob' })
    assert.strictEqual(ended.exit, 4, ended.stderr)
    assert.match(ended.stderr, /2 s/)
  }),
)

test(
  'a stalled transfer says why and goes on when its source comes back',
  inCluster(async (cluster) => {
    const bytes = await frozenSource(cluster)
    const request = cluster.run(['request', 'big.bin'], { on: 'bob' })
    await cluster.until(
      'the reason of the stall',
      () => running(cluster),
      ([transfer]) => transfer?.state === 'stalled' && transfer.reason !== '' && transfer.etaSeconds === null,
    )
    process.kill(cluster.peers.get('ada')?.pid ?? 0, 'SIGCONT')
    const ended = await request
    assert.strictEqual(ended.exit, 0, ended.stderr)
    assert.ok(readFileSync(join(cluster.folder('bob'), 'big.bin')).equals(bytes))
  }),
)

test.run()
