import { commitLedgerContract } from "../../ports/commit-ledger.contract.ts";
import { createMemoryCommitLedger } from "./commit-ledger.ts";

commitLedgerContract("memory", async () => {
  const ledger = createMemoryCommitLedger();
  return { ledger, another: ledger, lose: async () => ledger.lose() };
});
