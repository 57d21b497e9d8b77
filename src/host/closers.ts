/**
 * For what is opened in several steps.
 * Invariant: what was opened is closed again in the opposite order, also when a later step fails.
 */

type Close = () => void | Promise<void>

/** Is told how to close what a step has just opened. */
export type OnClose = (close: Close) => void

/**
 * Opens something; it is ended with `closeAll`. Where `open` throws, what `onClose` was told of is closed first, and then
 * the error is thrown.
 */
export async function openInSteps<T>(
  open: (onClose: OnClose, closeAll: () => Promise<void>) => T | Promise<T>,
): Promise<T> {
  const opened: Close[] = []
  const closeAll = async (): Promise<void> => {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close()
  }
  try {
    return await open((close) => opened.push(close), closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}
