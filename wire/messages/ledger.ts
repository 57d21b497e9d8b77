/** Numbers 20-39: records, headers and blocks. */
export const ledgerMessages = {} as const
