// What the plan's check found, in the screen's language. The server words a fault in English; the patterns below are its
// sentences (`rules/plan_check.py`), and a test holds the two together.

import { language } from "./text.js";

const KINDS = { task: "任务", crew: "班组", equipment: "机具", material: "材料", zone: "分区", tier: "阶段", hazard: "危险", opening: "孔口", source: "来源", timetable: "时间表" };

export const PATTERNS = [
  [/^id occurs (\d+) times$/, (n) => `编号重复 ${n} 次`],
  [/^no (\w+) '(.*)' in the plan$/, (kind, name) => `方案里没有${KINDS[kind] ?? kind} ${name}`],
  [/^tasks wait for each other: (.*)$/, (path) => `任务互相等待：${path}`],
  [/^(\w+) link from (\S+) is already implied through (\S+)$/, (kind, from, through) => `来自 ${from} 的 ${kind} 关系多余：经 ${through} 已经隐含`],
  [/^(\w+) link from (\S+) is listed twice$/, (kind, from) => `来自 ${from} 的 ${kind} 关系写了两次`],
  [/^wants (\d+) of (\S+), which has (\d+)$/, (count, name, has) => `需要 ${name} ${count}，只有 ${has}`],
  [/^says neither in words nor in values when it is done$/, () => "没有验收：既没有文字也没有数值"],
  [/^(\d+), (\d+), (\d+) do not rise$/, (a, b, c) => `乐观、可能、悲观工期 ${a}、${b}、${c} 不是递增`],
  [/^wants two people but has a crew of one$/, () => "要求双人，班组只有一人"],
  [/^no task brings it into its wartime state$/, () => "没有任务把它转到战时状态"],
  [/^a limit of (\d+) days with no source$/, (days) => `时限 ${days} 天没有来源`],
  [/^its figures name no source$/, () => "数据没有来源"],
  [/^no chain of finish-start links makes (\S+) wait for (\S+) \((.*)\)$/, (then, first) => `没有“完成—开始”关系让 ${then} 等待 ${first}，安全顺序不成立`],
];

export function faultWords(fault) {
  if (language.at === 1) return fault.detail;
  for (const [pattern, say] of PATTERNS) {
    const found = pattern.exec(fault.detail);
    if (found) return say(...found.slice(1));
  }
  return fault.detail;
}

// Why the server refused a change, where it has a word of its own for it.
export function refusalWords(told) {
  if (language.at === 1 || !told) return told?.detail;
  if (told.code === "conversion.plan_task_wanted") return `不能删除 ${told.facts.id}：${told.facts.users.join("、")} 还引用它`;
  if (told.code === "conversion.plan_entry_stands") return `编号 ${told.facts.id} 已有`;
  if (told.code === "conversion.draft_moved_on") return "草稿已被他人保存，请重新载入";
  if (/least is above most/.test(told.detail)) return "下限大于上限";
  return told.detail;
}
