import type { ApiKey, List } from "@muster/sdk";
import { hashOf } from "../../data/route.ts";
import { go, useHash } from "../../data/use-hash.ts";
import { useJson } from "../../data/use-json.ts";
import { Page } from "../../parts/page.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { AuditTab } from "./audit.tsx";
import { MachinesTab } from "./enrolments.tsx";
import { KeyList } from "./key-list.tsx";
import "./keys.css";

const tabs = [
  { id: "keys", label: "Keys" },
  { id: "machines", label: "Machines" },
  { id: "audit", label: "Audit trail" },
] as const;

/** `#/keys`, `#/keys/machines` and `#/keys/audit`. */
export function KeysView() {
  const [part] = useHash().rest;
  const chosen = tabs.find(({ id }) => id === part)?.id ?? "keys";
  const keys = useJson<List<ApiKey>>("/cluster/v1/keys");
  return (
    <Page title="Keys & invites" lead="Who may ask, which machines may join, and who did what.">
      <Tabs
        label="Parts"
        choices={tabs}
        chosen={chosen}
        onChoose={(id) => go(hashOf("keys", id === "keys" ? [] : [id]), true)}
      />
      <div role="tabpanel" aria-label={tabs.find(({ id }) => id === chosen)?.label}>
        {chosen === "keys" && <KeyList keys={keys} />}
        {chosen === "machines" && <MachinesTab />}
        {chosen === "audit" && <AuditTab keys={keys.data?.data ?? []} />}
      </div>
    </Page>
  );
}
