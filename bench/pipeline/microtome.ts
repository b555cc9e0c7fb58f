import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { PipelineAnswer, PipelineJob } from "./job.ts";

await serveJobs<PipelineJob>(VERSION, async (job): Promise<PipelineAnswer> => {
  const { record } = await segmentSlide({
    slide: job.slide,
    task: "nuclei",
    out: job.out,
    workers: job.workers,
    overwrite: true,
    ...(job.patchSize === null ? {} : { patchSize: job.patchSize }),
  });
  return {
    areaMm2: record.areaMm2,
    objects: record.counts.objects,
    patches: record.patches.done,
    stages: record.seconds,
  };
});
