/**
 * What npm's registry has published as the CUDA builds of node-llama-cpp, by `name@version`. A registry that gives
 * another archive for one of them is not believed, whatever hash it announces.
 */
export const cudaArchiveHashes: Readonly<Record<string, string>> = {
  "@node-llama-cpp/linux-x64-cuda@3.22.1":
    "sha512-8rQCjyNNLZJUFit+YpjwlC4hwkKgOMIkB2wuycKBf8NU2O3ySKbiWZQ8aw9ku2nUTXjSnUIrE6KB88itduTBuA==",
  "@node-llama-cpp/linux-x64-cuda-ext@3.22.1":
    "sha512-4e5ajkiM2aR2WAdB/N/ACk4weEhHvOAIrzxZPsIX0xDFW5+6hhShuy1/vs88SK9NGdgAco9IyE28eYS0H1efpA==",
};
