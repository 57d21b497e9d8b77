import * as assert from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { type LmdbStore, openStore } from '../../src/host/store-lmdb.js'
import { finished, runChild, temporary, until } from './support.js'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())
const listed = (store: LmdbStore) => [...store.entries('records')].map(([key, value]) => `${key}=${text(value)}`)

function opened(path = join(temporary(), 'db')): { store: LmdbStore; path: string; reasons: string[] } {
  const reasons: string[] = []
  return { path, reasons, store: openStore({ path, fatal: (reason) => reasons.push(reason) }) }
}

test('reads see writes at once, on disk or not, in byte order of the keys', async () => {
  const { store } = opened()
  await finished('the first batch', (done) => {
    store.write(
      ['a', 'c', 'e', 'é', '😀'].map((key) => ({ put: 'records', key, value: bytes('1') }) as const),
      done,
    )
    assert.equal(text(store.get('records', 'c')), '1')
  })
  const second = finished('the second batch', (done) =>
    store.write(
      [
        { put: 'records', key: 'b', value: bytes('2') },
        { put: 'records', key: 'c', value: bytes('2') },
        { remove: 'records', key: 'a' },
        { put: 'records', key: '\uffff', value: bytes('2') },
      ],
      done,
    ),
  )
  const expected = ['b=2', 'c=2', 'e=1', 'é=1', '\uffff=2', '😀=1']
  assert.deepEqual(listed(store), expected)
  assert.equal(store.get('records', 'a'), undefined)
  assert.equal(store.get('meta', 'c'), undefined, 'tables are apart')
  await second
  assert.deepEqual(listed(store), expected)
  await store.close()
})

test('batches become durable in order, and `done` never comes inside `write`', async () => {
  const { store } = opened()
  const order: number[] = []
  let inside = true
  const last = finished('the last batch', (done) => {
    for (let number = 0; number < 200; number++) {
      store.write([{ put: 'records', key: 'same', value: bytes(String(number)) }], () => {
        assert.ok(!inside)
        order.push(number)
        if (number === 199) done()
      })
    }
    inside = false
  })
  await last
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  )
  assert.equal(order.length, 200)
  assert.equal(text(store.get('records', 'same')), '199')
  await store.close()
})

test('closing writes what is queued', async () => {
  const { store, path } = opened()
  for (let number = 0; number < 50; number++) {
    store.write([{ put: 'records', key: `k${number}`, value: new Uint8Array(5_000) }])
  }
  await store.close()
  const again = openStore({ path, fatal: () => {} })
  assert.equal([...again.entries('records')].length, 50)
  await again.close()
})

test('every acknowledged batch survives kill -9, and no batch is there in part', async () => {
  const path = join(temporary(), 'db')
  let next = 1
  for (let round = 0; round < 6; round++) {
    const child = runChild('writer', [path, String(next)])
    await until(`some batches of round ${round}`, () => child.lines.length > 20 + round * 7)
    child.process.kill('SIGKILL')
    await child.ended
    const acknowledged = Number(child.lines.at(-1))
    const { store, reasons } = opened(path)
    const last = Number(text(store.get('meta', 'last')))
    assert.ok(last >= acknowledged, `${acknowledged} was acknowledged, ${last} is there`)
    const counts = new Map<string, number>()
    for (const [key, value] of store.entries('records')) {
      const number = key.split('/')[0] ?? ''
      counts.set(number, (counts.get(number) ?? 0) + 1)
      assert.equal(value[0], Number(number) % 256)
    }
    assert.equal(counts.size, last, 'all batches up to the last one')
    assert.ok([...counts.values()].every((count) => count === 10))
    assert.deepEqual(reasons, [])
    await store.close()
    next = last + 1
  }
})

test('a flipped bit on disk is found at the next read, and named', async () => {
  const { store, path } = opened()
  store.write([{ put: 'records', key: 'ballot', value: bytes('alice votes yes, says this record') }])
  await store.close()
  const file = join(path, 'data.mdb')
  const data = readFileSync(file)
  for (let at = data.indexOf('alice votes yes'); at >= 0; at = data.indexOf('alice votes yes', at + 1))
    data[at + 13] = 0x2b
  writeFileSync(file, data)
  const { store: damaged, reasons } = opened(path)
  assert.throws(() => damaged.get('records', 'ballot'), /damaged/)
  assert.match(reasons[0] ?? '', /the database is damaged \(record ballot of table records\)/)
})

test('a commit that does not end stops the peer, and closing does not wait for it', async () => {
  const path = join(temporary(), 'db')
  const reasons: string[] = []
  const store = openStore({ path, commitTimeoutMs: 300, fatal: (reason) => reasons.push(reason) })
  const holder = runChild('hold-writer', [path])
  await until('the write lock to be taken', () => holder.lines[0] === 'holding')
  let acknowledged = false
  store.write([{ put: 'records', key: 'a', value: bytes('1') }], () => {
    acknowledged = true
  })
  await until('the peer to be stopped', () => reasons.length > 0)
  assert.match(reasons[0] ?? '', /does not finish a write/)
  store.write([{ put: 'records', key: 'b', value: bytes('2') }], () => assert.fail('it is broken'))
  await store.close()
  assert.ok(!acknowledged)
  holder.process.kill('SIGKILL')
  await holder.ended
})

test('a full disk stops the peer with the reason, and what was acknowledged is there afterwards', async () => {
  const path = join(temporary(), 'db')
  const child = runChild('writer', [path, '1'], {}, 2_000)
  assert.equal(await child.ended, 1)
  assert.match(child.errors(), /the database cannot be written \(.+\): free disk space, then start again/)
  const { store } = opened(path)
  const acknowledged = Number(child.lines.at(-1) ?? 0)
  assert.ok(acknowledged > 0)
  assert.ok(Number(text(store.get('meta', 'last'))) >= acknowledged)
  for (const item of [0, 9]) assert.ok(store.get('records', `${acknowledged}/${item}`))
  await store.close()
})

test('a directory that cannot hold a database is an error that says what to do', () => {
  const path = join(temporary(), 'db')
  writeFileSync(path, 'a file stands here')
  assert.throws(() => openStore({ path, fatal: () => {} }), /cannot open the database/)
})

test.run()
