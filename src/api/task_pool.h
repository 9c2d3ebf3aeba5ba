// A few threads for what must not run on io threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir {

/// Thread-safe. At most `queue` tasks wait. Tasks must not throw.
class TaskPool {
 public:
  TaskPool(std::string name, std::size_t threads, std::size_t queue);
  /// Runs what waits, then ends.
  ~TaskPool();

  /// False when the queue is full: the task will not run, tell the client to come back.
  bool try_run(std::function<void()> task);

  const std::string& name() const { return name_; }

 private:
  void work();

  const std::string name_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable there_;
  // guarded by mutex_
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir
