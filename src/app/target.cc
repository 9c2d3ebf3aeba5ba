#include "app/target.h"

#include "app/data_dir.h"
#include "app/http_sink.h"
#include "backends/log_rocksdb/rocks_log.h"
#include "base/metrics.h"

namespace weir {
namespace {

class HttpTarget final : public Target {
 public:
  explicit HttpTarget(std::unique_ptr<HttpSink> sink) : sink_(std::move(sink)) {}
  EventSink& sink() override { return *sink_; }

 private:
  const std::unique_ptr<HttpSink> sink_;
};

class EmbeddedTarget final : public Target {
 public:
  static Result<std::unique_ptr<Target>> open(const TargetOptions& options, const Clock& clock) {
    auto target = std::make_unique<EmbeddedTarget>();
    WEIR_TRY_ASSIGN(target->data_dir_, DataDir::hold(options.data_dir));
    WEIR_TRY_ASSIGN(target->log_,
                    RocksLog::create({.directory = target->data_dir_->log(), .partitions = options.partitions}, clock,
                                     target->metrics_));
    target->sink_ = std::make_unique<LogSink>(*target->log_, target->metrics_);
    return target;
  }
  ~EmbeddedTarget() override {
    if (log_) log_->close();
  }
  EventSink& sink() override { return *sink_; }

 private:
  Metrics metrics_;
  std::unique_ptr<DataDir> data_dir_;
  std::unique_ptr<RocksLog> log_;
  std::unique_ptr<LogSink> sink_;
};

}  // namespace

Result<std::unique_ptr<Target>> Target::open(const TargetOptions& options, const Clock& clock,
                                             const std::stop_token& stop) {
  if (options.to == "embedded") return EmbeddedTarget::open(options, clock);
  if (!options.to.starts_with("http://")) {
    return fail(Code::kInvalid, "--to is \"" + options.to + "\"; it must be http://HOST:PORT of a Weir, or embedded.");
  }
  WEIR_TRY_ASSIGN(auto sink, HttpSink::create(options.to, stop));
  return std::make_unique<HttpTarget>(std::move(sink));
}

}  // namespace weir
