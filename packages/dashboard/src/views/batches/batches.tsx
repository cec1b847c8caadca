import { useHash } from "../../data/use-hash.ts";
import { BatchList } from "./batch-list.tsx";
import { BatchPage } from "./batch-page.tsx";
import { NewBatch } from "./new-batch.tsx";
import "./batches.css";

/** `#/batches`, `#/batches/new` and `#/batches/<id>`. */
export function BatchesView() {
  const [part] = useHash().rest;
  if (part === undefined) return <BatchList />;
  if (part === "new") return <NewBatch />;
  return <BatchPage key={part} id={part} />;
}
