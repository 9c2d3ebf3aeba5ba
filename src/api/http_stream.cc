#include "api/http_stream.h"

#include <algorithm>
#include <utility>

namespace weir::http {
namespace {

class Producer final : public ResponseStream {
 public:
  explicit Producer(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~Producer() override {
    if (!stream_->gone()) stream_->abort();
  }
  Push try_write(std::string bytes) override { return stream_->try_write(std::move(bytes)); }
  Push write(std::string bytes, std::chrono::milliseconds patience) override {
    return stream_->write(std::move(bytes), patience);
  }
  void finish() override { stream_->finish(); }
  void cut(std::string last_words) override { stream_->cut(std::move(last_words)); }
  void abort() override { stream_->abort(); }
  bool gone() const override { return stream_->gone(); }
  std::size_t queued_bytes() const override { return stream_->queued_bytes(); }
  std::chrono::milliseconds lag() const override { return stream_->lag(); }

 private:
  const std::shared_ptr<Stream> stream_;
};

}  // namespace

Stream::Push Stream::try_write(std::string bytes) {
  std::unique_lock lock(mutex_);
  if (ended_) return Push::kGone;
  if (!fits(bytes.size())) return Push::kFull;
  add(std::move(bytes), lock);
  return Push::kOk;
}

Stream::Push Stream::write(std::string bytes, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!room_.wait_for(lock, patience, [&] { return ended_ || fits(bytes.size()); })) return Push::kFull;
  if (ended_) return Push::kGone;
  add(std::move(bytes), lock);
  return Push::kOk;
}

bool Stream::gone() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

std::size_t Stream::queued_bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

std::chrono::milliseconds Stream::lag() const {
  std::lock_guard lock(mutex_);
  if (bytes_ == 0) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - oldest_);
}

Stream::Taken Stream::take(std::size_t most) {
  std::lock_guard lock(mutex_);
  Taken taken;
  if (end_ == End::kAbort) {
    taken.end = end_;
    return taken;
  }
  while (!queue_.empty() && (taken.bytes.empty() || taken.bytes.size() + queue_.front().bytes.size() <= most)) {
    if (taken.bytes.empty()) {
      taken.bytes = std::move(queue_.front().bytes);
    } else {
      taken.bytes += queue_.front().bytes;
    }
    queue_.pop_front();
  }
  in_flight_ = taken.bytes.size();
  if (queue_.empty()) taken.end = end_;
  return taken;
}

void Stream::sent() {
  std::lock_guard lock(mutex_);
  bytes_ -= std::min(bytes_, in_flight_);
  in_flight_ = 0;
  oldest_ = queue_.empty() ? Clock::now() : queue_.front().since;
  room_.notify_all();
}

void Stream::connection_lost() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  queue_.clear();
  bytes_ = 0;
  wake_ = nullptr;
  room_.notify_all();
}

bool Stream::cut_short() const {
  std::lock_guard lock(mutex_);
  return end_ == End::kCut || end_ == End::kAbort;
}

void Stream::add(std::string bytes, std::unique_lock<std::mutex>& lock) {
  if (bytes.empty()) return;
  const auto now = Clock::now();
  if (bytes_ == 0) oldest_ = now;
  bytes_ += bytes.size();
  queue_.push_back({std::move(bytes), now});
  wake(lock);
}

void Stream::end(End how, std::string last_words) {
  std::unique_lock lock(mutex_);
  if (ended_ && how != End::kAbort) return;
  ended_ = true;
  if (end_ != End::kAbort) end_ = how;
  if (how != End::kFinish) {
    queue_.clear();
    bytes_ = in_flight_;
  }
  if (!last_words.empty()) {
    bytes_ += last_words.size();
    queue_.push_back({std::move(last_words), Clock::now()});
  }
  room_.notify_all();
  wake(lock);
}

void Stream::wake(std::unique_lock<std::mutex>& lock) {
  const auto call = wake_;
  lock.unlock();
  if (call) call();
}

std::shared_ptr<ResponseStream> producer_of(std::shared_ptr<Stream> stream) {
  return std::make_shared<Producer>(std::move(stream));
}

}  // namespace weir::http
