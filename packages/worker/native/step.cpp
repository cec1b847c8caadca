// Adds `musterStep` to node-llama-cpp's addon: one decode step and the sampling of all its sequences in one hop to
// another thread. The addon's own way is a hop per sequence, and a sort over the whole vocabulary in each.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "llama.h"
#include "napi.h"

#include "AddonContext.h"
#include "AddonGrammarEvaluationState.h"
#include "AddonSampler.h"

namespace {

// Above this the addon's own sort over the vocabulary is no slower.
constexpr int maxFastTopK = 1024;
constexpr int blockLength = 64;

float maxOf(const float * values, int count) {
    // Independent lanes, so that the compiler may use vector instructions.
    float lanes[16];
    std::fill(lanes, lanes + 16, -FLT_MAX);
    int i = 0;
    for (; i + 16 <= count; i += 16) {
        for (int lane = 0; lane < 16; lane++) {
            lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
        }
    }
    float best = lanes[0];
    for (int lane = 1; lane < 16; lane++) best = std::max(best, lanes[lane]);
    for (; i < count; i++) best = std::max(best, values[i]);
    return best;
}

llama_token argmax(const float * logits, int count) {
    const float best = maxOf(logits, count);
    for (int i = 0; i < count; i++) {
        if (logits[i] == best) return i;
    }
    return LLAMA_TOKEN_NULL;
}

// The k candidates with the highest logits, best first. The k-th highest of the blocks' maxima is a lower bound of
// the k-th highest logit, so few blocks have to be read again.
std::vector<llama_token_data> topCandidates(const float * logits, int count, int k) {
    const int blocks = (count + blockLength - 1) / blockLength;
    std::vector<float> maxima(blocks);
    for (int b = 0; b < blocks; b++) {
        maxima[b] = maxOf(logits + b * blockLength, std::min(blockLength, count - b * blockLength));
    }
    float bound = -INFINITY;
    if (k < blocks) {
        std::vector<float> order(maxima);
        std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), std::greater<float>());
        bound = order[k - 1];
    }
    std::vector<llama_token_data> found;
    found.reserve(4 * k);
    for (int b = 0; b < blocks; b++) {
        if (maxima[b] < bound) continue;
        const int end = std::min((b + 1) * blockLength, count);
        for (int i = b * blockLength; i < end; i++) {
            if (logits[i] >= bound) found.push_back({ i, logits[i], 0.0f });
        }
    }
    // Equal logits in the order of their ids: the same answer on every machine.
    const auto isBefore = [](const llama_token_data & a, const llama_token_data & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    };
    const size_t kept = std::min<size_t>(k, found.size());
    std::partial_sort(found.begin(), found.begin() + kept, found.end(), isBefore);
    found.resize(kept);
    return found;
}

llama_token selected(const llama_token_data_array & candidates) {
    if (candidates.selected < 0 || candidates.selected >= (int64_t) candidates.size) return LLAMA_TOKEN_NULL;
    return candidates.data[candidates.selected].id;
}

// What the sampler's chain gives when nothing in it looks at more than the best k logits.
llama_token sampleFast(AddonSampler & sampler, const float * logits, int count) {
    if (sampler.greedySampler != nullptr) return argmax(logits, count);
    auto best = topCandidates(logits, count, sampler.topKSampler_topK);
    // No logit is a number.
    if (best.empty()) return LLAMA_TOKEN_NULL;
    llama_token_data_array candidates = { best.data(), best.size(), -1, true };
    llama_sampler_apply(sampler.chain, &candidates);
    return selected(candidates);
}

bool isFast(const AddonSampler & sampler) {
    const bool changesLogits = sampler.tokenBiasSampler != nullptr || sampler.repeatPenaltySampler != nullptr ||
        sampler.dryRepeatPenaltySampler != nullptr || sampler.xtcSampler != nullptr;
    if (changesLogits) return false;
    if (sampler.greedySampler != nullptr) return true;
    return sampler.topKSampler != nullptr && sampler.topKSampler_topK > 0 && sampler.topKSampler_topK <= maxFastTopK;
}

llama_token sampleWholeVocabulary(AddonSampler & sampler, const float * logits, int count, llama_sampler * grammar) {
    auto & all = sampler.tokenCandidates;
    if ((int) all.size() < count) all.resize(count);
    // llama.cpp's sort would take what is no number for a place in its buckets.
    for (llama_token id = 0; id < count; id++) {
        all[id] = { id, std::isnan(logits[id]) ? -INFINITY : logits[id], 0.0f };
    }
    llama_token_data_array candidates = { all.data(), (size_t) count, -1, false };
    if (grammar != nullptr) llama_sampler_apply(grammar, &candidates);
    llama_sampler_apply(sampler.chain, &candidates);
    return selected(candidates);
}

bool isAllowed(llama_sampler * grammar, llama_token token) {
    llama_token_data one = { token, 1.0f, 0.0f };
    llama_token_data_array candidates = { &one, 1, -1, false };
    llama_sampler_apply(grammar, &candidates);
    return one.logit != -INFINITY;
}

llama_token sample(AddonSampler & sampler, const float * logits, int count) {
    sampler.rebuildChainIfNeeded();
    auto * state = sampler.grammarEvaluationState;
    llama_sampler * grammar = state == nullptr ? nullptr : state->sampler;
    llama_token token = isFast(sampler)
        ? sampleFast(sampler, logits, count)
        : sampleWholeVocabulary(sampler, logits, count, nullptr);
    // As the addon does it: the grammar sees the whole vocabulary only when it refuses the first choice.
    if (grammar != nullptr && token != LLAMA_TOKEN_NULL && !isAllowed(grammar, token)) {
        token = sampleWholeVocabulary(sampler, logits, count, grammar);
    }
    if (token != LLAMA_TOKEN_NULL) sampler.acceptToken(token);
    return token;
}

// All steps run on one thread: OpenMP keeps a team of threads for each thread that asks for one, and libuv takes
// another of its own every time.
class StepThread {
    public:
        StepThread() {
            std::thread([this] { loop(); }).detach();
        }

        // Runs the task there and waits for it; what it throws is thrown here.
        void run(const std::function<void()> & task) {
            std::lock_guard<std::mutex> turn(turnMutex);
            std::unique_lock<std::mutex> lock(mutex);
            failure = nullptr;
            current = &task;
            changed.notify_all();
            changed.wait(lock, [this] { return current == nullptr; });
            if (failure) std::rethrow_exception(failure);
        }

    private:
        void loop() {
            std::unique_lock<std::mutex> lock(mutex);
            for (;;) {
                changed.wait(lock, [this] { return current != nullptr; });
                lock.unlock();
                std::exception_ptr thrown;
                try {
                    (*current)();
                } catch (...) {
                    thrown = std::current_exception();
                }
                lock.lock();
                failure = thrown;
                current = nullptr;
                changed.notify_all();
            }
        }

        std::mutex turnMutex;
        std::mutex mutex;
        std::condition_variable changed;
        const std::function<void()> * current = nullptr;
        std::exception_ptr failure;
};

StepThread & stepThread() {
    // Never destroyed: its thread may wait when the process ends.
    static auto * thread = new StepThread();
    return *thread;
}

class StepWorker : public Napi::AsyncWorker {
    public:
        StepWorker(const Napi::CallbackInfo & info)
            : Napi::AsyncWorker(info.Env(), "MusterStepWorker"),
              deferred(Napi::Promise::Deferred::New(info.Env())) {
            context = Napi::ObjectWrap<AddonContext>::Unwrap(info[0].As<Napi::Object>());
            context->Ref();
            const auto indexes = info[1].As<Napi::Array>();
            const auto samplerObjects = info[2].As<Napi::Array>();
            for (uint32_t i = 0; i < indexes.Length(); i++) {
                logitIndexes.push_back(indexes.Get(i).As<Napi::Number>().Int32Value());
                auto * sampler = Napi::ObjectWrap<AddonSampler>::Unwrap(samplerObjects.Get(i).As<Napi::Object>());
                sampler->Ref();
                samplers.push_back(sampler);
            }
            tokens.resize(samplers.size(), LLAMA_TOKEN_NULL);
            failures.resize(samplers.size());
        }

        ~StepWorker() {
            context->Unref();
            for (auto * sampler : samplers) sampler->Unref();
        }

        Napi::Promise promise() const {
            return deferred.Promise();
        }

    protected:
        void Execute() override {
            try {
                stepThread().run([this] {
                    decode();
                    sampleAll();
                });
            } catch (const std::exception & error) {
                SetError(error.what());
            } catch (...) {
                SetError("unknown error in a step");
            }
        }

        void OnOK() override {
            auto result = Napi::Array::New(Env(), tokens.size());
            for (uint32_t i = 0; i < tokens.size(); i++) {
                if (failures[i].empty()) result.Set(i, Napi::Number::New(Env(), tokens[i]));
                else result.Set(i, Napi::String::New(Env(), failures[i]));
            }
            deferred.Resolve(result);
        }

        void OnError(const Napi::Error & error) override {
            deferred.Reject(error.Value());
        }

    private:
        void decode() {
            context->sharedSamplerData.gotLogit = false;
            context->sharedSamplerData.hasLogits = false;
            const int32_t status = llama_decode(context->ctx, context->batch);
            if (status == 1) throw std::runtime_error("no free cells in the cache for this batch");
            if (status != 0) throw std::runtime_error("llama_decode failed with status " + std::to_string(status));
            llama_synchronize(context->ctx);
        }

        void sampleAll() {
            const int count = (int) samplers.size();
            if (count == 0) return;
            // Asked for here: llama.cpp may still reorder its outputs, which is for one thread only.
            std::vector<const float *> logits(count);
            for (int i = 0; i < count; i++) {
                logits[i] = llama_get_logits_ith(context->ctx, logitIndexes[i]);
                if (logits[i] == nullptr) throw std::runtime_error("the model gave no logits");
            }
            const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context->ctx)));
            // A sampler that fails fails its own answer: the others are not to know.
            #pragma omp parallel for schedule(dynamic, 1) num_threads(llama_n_threads(context->ctx))
            for (int i = 0; i < count; i++) {
                try {
                    tokens[i] = sample(*samplers[i], logits[i], vocabulary);
                } catch (const std::exception & error) {
                    failures[i] = error.what();
                    if (failures[i].empty()) failures[i] = "an error without words";
                } catch (...) {
                    failures[i] = "an unknown error";
                }
            }
        }

        Napi::Promise::Deferred deferred;
        AddonContext * context = nullptr;
        std::vector<int32_t> logitIndexes;
        std::vector<AddonSampler *> samplers;
        std::vector<llama_token> tokens;
        // "" for none.
        std::vector<std::string> failures;
};

Napi::Value step(const Napi::CallbackInfo & info) {
    auto * worker = new StepWorker(info);
    worker->Queue();
    return worker->promise();
}

}  // namespace

// The addon's own entry point, renamed by the build: see CMakeLists.txt.
extern "C" napi_value llama_addon_init(napi_env env, napi_value exports);

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_value all = llama_addon_init(env, exports);
    Napi::Object(env, all).Set("musterStep", Napi::Function::New(env, step, "musterStep"));
    return all;
}
