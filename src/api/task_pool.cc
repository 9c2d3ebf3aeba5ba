#include "api/task_pool.h"

#include "base/thread_name.h"

namespace weir {

TaskPool::TaskPool(std::string name, std::size_t threads, std::size_t queue) : name_(std::move(name)), limit_(queue) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

TaskPool::~TaskPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    there_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

bool TaskPool::try_run(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (stopping_ || tasks_.size() >= limit_) return false;
  tasks_.push_back(std::move(task));
  there_.notify_one();
  return true;
}

void TaskPool::work() {
  name_this_thread("weir-" + name_);
  std::unique_lock lock(mutex_);
  while (true) {
    there_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the lock is taken again
    lock.lock();
  }
}

}  // namespace weir
