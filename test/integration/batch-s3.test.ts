import { describe, expect, it, onTestFinished } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { batchInput, problemsOf } from "../harness/batch-lines.ts";
import { startCluster } from "../harness/cluster.ts";
import { startTestS3, whyNoS3 } from "../support/s3-server.ts";

const why = await whyNoS3();

describe.skipIf(why !== undefined)(
  `a batch whose files are in S3${why === undefined ? "" : ` (${why})`}`,
  () => {
    it("is answered whole, in order, by two orchestrators that share nothing else but Redis", async () => {
      const s3 = await startTestS3();
      onTestFinished(() => s3.stop());
      await s3.createBucket("muster");
      const { accessKeyId, secretAccessKey } = s3.credentials;
      const before = { ...process.env };
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
      onTestFinished(() => {
        process.env = before;
      });
      const objectStore = `s3://muster/batches?endpoint=${s3.endpoint}&region=${s3.region}`;
      const first = await startCluster({ objectStore, redisPrefix: `test-s3-${process.pid}` });
      const second = await startCluster({ objectStore, redisPrefix: `test-s3-${process.pid}` });
      await first.worker("a", { slots: 4 });
      await second.worker("b", { slots: 4 });
      const api = createBatchApi({ url: () => first.url });
      const input = batchInput({ count: 400 });
      const { id } = await api.create((await api.upload(input.text)).id);
      const batch = await api.until(id, ({ status }) => status === "completed", 60_000);
      const output = await api.results(batch.output_file_id);
      expect(problemsOf(input, batch, { output, errors: [] })).toEqual([]);
      const workers = new Set(output.map(({ response }) => fingerprintOf(response?.body)));
      expect(workers).toEqual(new Set(["muster-a-stub-model", "muster-b-stub-model"]));
    });
  },
);

function fingerprintOf(body: object | undefined): unknown {
  return body !== undefined && "system_fingerprint" in body ? body.system_fingerprint : undefined;
}
