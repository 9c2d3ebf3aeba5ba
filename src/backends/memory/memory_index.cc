#include "backends/memory/memory_index.h"

#include <algorithm>
#include <tuple>

namespace weir {
namespace {

struct Word {
  std::string text;  // folded
  std::size_t begin, end;
};

bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    if (!in_word(text[i])) {
      ++i;
      continue;
    }
    Word word{{}, i, i};
    for (; i < text.size() && in_word(text[i]); ++i) {
      word.text.push_back(text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i]);
    }
    word.end = i;
    words.push_back(std::move(word));
  }
  return words;
}

// One byte wrong, missing, too many, or two neighbours swapped.
bool one_edit_apart(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  std::size_t same = 0;
  while (same < a.size() && a[same] == b[same]) ++same;
  if (a.size() != b.size()) return a.substr(same) == b.substr(same + 1);
  if (same == a.size()) return true;
  if (a.substr(same + 1) == b.substr(same + 1)) return true;
  return same + 1 < a.size() && a[same] == b[same + 1] && a[same + 1] == b[same] &&
         a.substr(same + 2) == b.substr(same + 2);
}

struct Match {
  double score = 0;  // 0: none
  std::size_t begin = 0, end = 0;
};

constexpr std::size_t kShortestWithTypo = 4;

Match match(const Word& word, std::string_view asked) {
  if (word.text == asked) return {4, word.begin, word.end};
  if (word.text.starts_with(asked)) return {3, word.begin, word.begin + asked.size()};
  if (const std::size_t at = word.text.find(asked); at != std::string::npos) {
    return {2, word.begin + at, word.begin + at + asked.size()};
  }
  if (asked.size() >= kShortestWithTypo) {
    if (one_edit_apart(word.text, asked)) return {1, word.begin, word.end};
    // An unfinished word with an error: the beginning of the word, as long as what was typed.
    if (word.text.size() > asked.size() && one_edit_apart(std::string_view(word.text).substr(0, asked.size()), asked)) {
      return {0.5, word.begin, word.begin + asked.size()};
    }
  }
  return {};
}

Match best(const std::vector<Word>& words, std::string_view asked) {
  Match found;
  for (const Word& word : words) {
    if (const Match m = match(word, asked); m.score > found.score) found = m;
  }
  return found;
}

}  // namespace

Status MemoryIndex::upsert(const std::vector<IndexDocument>& documents) {
  std::lock_guard lock(mutex_);
  for (const IndexDocument& d : documents) documents_.insert_or_assign({d.kind, d.id}, d);
  return {};
}

Result<IndexAnswer> MemoryIndex::search(const IndexQuery& query) {
  const std::vector<Word> asked = words_of(query.text);
  if (asked.empty())
    return fail(Code::kInvalid, "the search text has no word in it; type a name, an address or a number");
  IndexAnswer answer;
  std::lock_guard lock(mutex_);
  for (const auto& [key, document] : documents_) {
    if (query.kind && document.kind != *query.kind) continue;
    if ((query.from && document.time < *query.from) || (query.to && document.time >= *query.to)) continue;
    const std::vector<Word> title = words_of(document.title), text = words_of(document.text);
    IndexHit hit{document, 0, {}};
    const bool all = std::all_of(asked.begin(), asked.end(), [&](const Word& word) {
      const Match in_title = best(title, word.text), in_text = best(text, word.text);
      if (in_title.score > 0) hit.title_ranges.emplace_back(in_title.begin, in_title.end);
      const double score = std::max(2 * in_title.score, in_text.score);
      hit.score += score;
      return score > 0;
    });
    if (!all) continue;
    std::sort(hit.title_ranges.begin(), hit.title_ranges.end());
    ++answer.by_kind[document.kind];
    answer.hits.push_back(std::move(hit));
  }
  std::sort(answer.hits.begin(), answer.hits.end(), [](const IndexHit& a, const IndexHit& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.document.time != b.document.time) return a.document.time > b.document.time;
    return std::tie(a.document.kind, a.document.id) < std::tie(b.document.kind, b.document.id);
  });
  if (answer.hits.size() > query.limit) answer.hits.resize(query.limit);
  return answer;
}

Status MemoryIndex::clear() {
  std::lock_guard lock(mutex_);
  documents_.clear();
  return {};
}

}  // namespace weir
