/** Runs `body` for 0 to `count` - 1, so many at once. */
export async function inTurns(count: number, atOnce: number, body: (turn: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await body(next++)
  }
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker))
}
