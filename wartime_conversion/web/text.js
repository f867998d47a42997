// What the phone says, Chinese first.

const TEXT = {
  title: ["平战转换", "Conversion"],
  drill_banner: ["演练 · 不动真实设备", "DRILL · nothing real moves"],
  actual_banner: ["实战转换", "ACTUAL CONVERSION"],
  restore_banner: ["恢复平时", "RESTORATION"],
  ended: ["已结束", "ended"],
  online: ["已连接", "On line"], offline: ["离线 · 已存本机", "Off line · kept here"],
  signin: ["请重新登录 · 队列已保留", "Sign in again · queue kept"], unknown: ["连接中", "Connecting"],
  waiting_n: ["待发送", "waiting"], sent_n: ["已送达", "sent"], refused_n: ["被退回", "refused"], conflict_n: ["冲突", "conflict"],
  send_now: ["立即发送", "Send now"], todo: ["可做", "To do"], by_zone: ["分区", "By zone"], record: ["我的记录", "My record"],
  nothing_ready: ["现在没有可做的任务", "Nothing is ready now"],
  nothing_said: ["本机还没有签认", "Nothing signed on this phone yet"],
  legal: ["法定用时", "Legal time"], drill_time: ["演练用时", "Drill time"], paused: ["已暂停", "paused"],
  age: ["数据", "data"], ago: ["前", "ago"], limit: ["时限", "limit"], to_confirm: ["待业主确认", "owner to confirm"],
  state_waiting: ["待前置", "Waiting"], state_ready: ["可做", "Ready"], state_claimed: ["已认领", "Claimed"],
  state_started: ["进行中", "Started"], state_second: ["待复核", "Second person"], state_holding: ["停检点", "Hold point"],
  state_done: ["已完成", "Done"],
  start: ["开始", "Start"], report: ["签认完成", "Sign: done"], second: ["第二人复核签认", "Counter-sign"],
  accept: ["停检点放行", "Release hold point"], send_back: ["退回", "Send back"], claim: ["认领", "Claim"], give_up: ["放弃认领", "Give up"],
  headcount: ["清点无关人员", "Count people inside"],
  acceptance: ["验收", "Acceptance"], hazards: ["危险", "Hazards"], crew: ["班组", "Crew"], evidence: ["证据", "Evidence"],
  needs: ["等待", "Waits for"], photo: ["拍照", "Photo"], photos_n: ["张照片", "photos"], note: ["备注", "Note"],
  who: ["签认人", "Who signs"], pin: ["签认密码 (PIN)", "PIN"], wrong_pin_here: ["PIN 不对", "Wrong PIN"],
  choose: ["请选择", "Choose"], yes: ["是", "Yes"], back: ["返回", "Back"], close: ["关闭", "Close"],
  two_person: ["双人", "Two-person"], hold_point: ["停检点", "Hold point"], sample: ["演练只做抽样", "Drill: a sample only"],
  simulate: ["口述", "Talk through"],
  challenge: ["唱票应答：一人念，一人答", "Challenge and response: one reads, one answers"],
  answered: ["已应答", "Answered"], ask_clear: ["内侧无人、无工具？", "Nobody and no tools inside?"],
  ask_state: ["到位并锁紧？", "In place and locked?"], ask_accept: ["验收符合？", "Acceptance met?"],
  waits_here: ["已存本机，等待发送", "Kept here, waits to be sent"],
  outcome_accepted: ["已送达 · 采信", "Sent · accepted"], outcome_pending: ["已送达 · 等待前置任务", "Sent · waits for earlier work"],
  outcome_concurrent: ["已送达 · 他人已先完成，作为并行记录保留", "Sent · another was first; kept beside it"],
  outcome_refused: ["已送达 · 被退回", "Sent · refused"], status_conflict: ["冲突 · 未收下，留在本机", "Conflict · not taken, kept here"],
  r_wrong_pin: ["PIN 或签认人不符", "PIN and signer do not match"], r_role_missing: ["没有此项签认的角色", "Does not hold the role for this"],
  r_same_person: ["不能由同一人复核", "The same person cannot sign twice"], r_values: ["数值不在验收范围", "A value does not meet acceptance"],
  r_photo_missing: ["缺照片", "A photo is wanted"], r_barred: ["安全顺序未满足", "A safety order is open"],
  r_not_on_roster: ["不在名册", "Not on the roster"], r_too_late: ["任务已不在这一步", "The task is past this step"],
  r_run_ended: ["本次任务已结束", "The run has ended"], r_not_yours: ["由他人认领", "Claimed by another"],
  r_no_such_task: ["没有这个任务", "No such task"], r_already_done: ["他人已先完成", "Another completed it first"],
  r_needs_open: ["前置任务尚未送达", "Earlier work has not arrived"], r_not_there_yet: ["前一步尚未送达", "The step before has not arrived"],
  r_may_not_finish_yet: ["关联任务未完成", "A linked task must end first"], r_other_words: ["同一编号内容不同", "Same number, other words"],
  r_sequence_taken: ["顺序号已被占用", "Place in the order is taken"], r_not_the_recorder: ["只有记录员能补录纸质单", "Only the recorder enters paper forms"],
  no_run: ["现在没有进行中的转换或演练", "No conversion or drill is under way"], choose_run: ["选择任务", "Choose a run"],
  login: ["登录", "Sign in"], login_name: ["账号", "Login"], password: ["密码", "Password"], login_failed: ["账号或密码不对", "Login or password is wrong"],
  set_pin: ["设置签认 PIN（4–8 位数字）", "Set your PIN (4 to 8 digits)"], set_pin_why: ["离线时用它签认；同一部手机可供多人签认。", "It signs for you off line; several people can sign on one phone."],
  save: ["保存", "Save"], my_crew: ["我的班组", "My crew"], all_crews: ["全部班组", "All crews"],
  plain_http: ["此连接未加密：断网后刷新会打不开本页，本机也不能离线安装。已签内容仍存本机，请勿关闭本页。", "Not encrypted: without a network this page cannot be reloaded. What you sign is still kept here; leave the page open."],
  plain_http_how: ["安装证书", "Install the certificate"],
  no_keep: ["浏览器未承诺长期保存，请尽快发送。", "The browser has not promised to keep the queue; send soon."],
  command: ["指挥席", "Command"], language: ["EN", "中"], theme: ["明暗", "Theme"], opening: ["孔口", "Opening"],
  must: ["须", "must be"], optional: ["可不填", "optional"], by: ["签", "by"], likely: ["预计", "likely"], minutes: ["分钟", "min"],
  cars_inside: ["在场车辆", "cars inside"], people_inside: ["无关人员", "people inside"], overridden: ["命令越过", "overridden"],
  role_commander: ["指挥员", "commander"], role_leader: ["组长", "crew leader"], role_safety: ["安全员", "safety officer"],
  role_inspector: ["质检员", "inspector"], role_storekeeper: ["仓储员", "storekeeper"], role_recorder: ["记录员", "recorder"], role_evaluator: ["评估员", "evaluator"],
  hold_points: ["停检点", "Hold points"], none_waits: ["没有等待放行的停检点", "No hold point waits"], override: ["命令越过", "Override"],
  free_now: ["命令放行", "Free by command"], pause: ["暂停演练", "Pause drill"], resume: ["继续演练", "Resume drill"], end_run: ["结束", "End"], recall: ["撤销转换", "Recall"],
  new_run: ["下达新命令", "New order"], paper: ["纸质签认单", "Paper forms"], tab_tasks: ["任务", "Tasks"], tab_injects: ["情况导调", "Injects"], tab_scores: ["评估", "Scores"], tab_hot_wash: ["讲评", "Hot wash"], tab_log: ["记录链", "Record"],
  state: ["状态", "State"], begin_end: ["起止", "Begin–end"], roles: ["角色", "Roles"], stand_in: ["替补", "stand-in"], give_role: ["指派角色", "Give a role"], end_role: ["解除", "End"], person: ["人员", "Person"],
  siren: ["警报", "Siren"], siren_idle: ["未播放", "not playing"], siren_on: ["鸣响", "sounding"], siren_off: ["间歇", "silent"], stop: ["停止", "Stop"], source: ["来源", "source"],
  reason: ["理由", "Reason"], confirm: ["确认", "Confirm"], purpose_conversion: ["平转战", "To wartime"], purpose_restoration: ["恢复平时", "Back to peacetime"], plan_version: ["方案版本（启动后固定）", "Plan version (pinned at start)"], profile: ["演练类型", "Drill profile"], tiers: ["转换阶段", "Tiers"],
  actual_warning: ["实战：入口道闸立即拒绝车辆，充电桩停止服务，车位进入清场。", "Actual: entry gates refuse cars at once, chargers stop, bays are cleared."], actual_confirm: ["输入“实战”确认", "Type ACTUAL to confirm"], order_actual: ["下达实战命令", "Order the conversion"], order_drill: ["开始演练", "Start the drill"], drill_note: ["演练只动影子板，真实设备不动。", "A drill moves its shadow board only."],
  expected: ["期望", "Expected"], as_expected: ["符合", "as expected"], not_as_expected: ["不符合", "not as expected"], play_inject: ["导入情况", "Play now"], at_minute: ["第几分钟", "at minute"], schedule: ["定时", "Schedule"], decision: ["处置决定", "Decision"],
  grade_P: ["完成", "performed"], grade_S: ["有小问题", "some challenges"], grade_M: ["有大问题", "major challenges"], grade_U: ["未能完成", "unable"], kind: ["类别", "Kind"], words: ["内容", "Words"], owner: ["责任人", "Owner"], due_on: ["期限", "Due"],
  said_strength: ["优点", "Strength"], said_improvement: ["改进", "Improvement"], said_remark: ["意见", "Remark"], head: ["链首", "Head"], export_log: ["导出记录链", "Export the record"], no_cars: ["场内没有车辆", "No cars inside"], electric: ["电动", "electric"], permit: ["有月卡", "permit"],
  car_notified: ["已通知", "notified"], car_to_tow: ["待拖", "to tow"], car_towed: ["已拖", "towed"],
  vacant: ["无人担任", "Vacant"], readiness: ["战备完好率", "Readiness"], ready_yes: ["可以转换", "Ready"], ready_no: ["不能转换", "Not ready"],
  part_components: ["封堵构件", "Components"], part_rounds: ["巡检", "Rounds"], part_crews: ["班组", "Crews"], part_hazards: ["隐患", "Hazards"], blocking: ["决定性", "blocking"],
  ledger: ["构件台账", "Component ledger"], present: ["在库", "Present"], condition: ["状况", "Condition"], last_fitted: ["上次试装", "Last fitted"], cond_unknown: ["未查", "unknown"], cond_good: ["完好", "good"], cond_worn: ["磨损", "worn"], cond_damaged: ["损坏", "damaged"], cond_missing: ["缺失", "missing"],
  rounds: ["巡检周期", "Inspection rounds"], every_days: ["每 {n} 天", "every {n} days"], passed: ["合格", "Passed"], failed: ["不合格", "Failed"], due: ["到期", "due"], never: ["从未", "never"], never_walked: ["从未巡检，应立即做", "never walked: due now"],
  hazards_loop: ["隐患闭环", "Hazards"], find_hazard: ["登记隐患", "Found a hazard"], sev_minor: ["一般", "minor"], sev_major: ["较大", "major"], sev_critical: ["重大", "critical"], haz_found: ["已发现", "found"], haz_assigned: ["已派", "assigned"], haz_mended: ["已整改", "mended"], haz_rechecked: ["已复查", "re-checked"], haz_struck_off: ["已销号", "struck off"],
  ev_assign: ["派人整改", "Assign"], ev_mend: ["已整改", "Mended"], ev_recheck: ["复查合格", "Re-checked"], ev_fail_recheck: ["复查不合格", "Re-check failed"], ev_strike_off: ["销号", "Strike off"], subject: ["部位", "Where"],
  do_first: ["须先完成", "first complete"], now: ["现在", "Now"],
  save_pin_first: ["先设置自己的 PIN", "Set your own PIN first"], kept_toast: ["已签认，存于本机", "Signed and kept"],
  read: ["唱票签认", "Sign: read aloud"], voice_choose: ["先选这部手机由谁拿着", "First say who holds this phone"],
  voice_doer: ["我答", "I answer"], voice_doer_how: ["我操作，另一人用另一部手机念", "I do the work; another reads on another phone"],
  voice_reader: ["我念", "I read"], voice_reader_how: ["我念，听到应答再点；我签唱票", "I read, tap what I hear, and sign the reading"],
  voice_both: ["一部手机", "One phone"], voice_both_how: ["两人轮流，先后签认", "Two people take turns and both sign"],
  i_read: ["我念了", "I have read it"], was_read: ["已念", "read"], answer_yes: ["答：是", "Answer: yes"], heard_yes: ["听到：是", "Heard: yes"], answer_no: ["不符", "No"],
  answer_stop: ["停。先处理，再从这一点重来；处理不了就上报。", "Stop. Put it right, then begin again at this point; if it cannot be, report it."], all_answered: ["各点都已应答", "Every point answered"],
  r_reader_missing: ["等唱票人签认", "Waits for the reader's signature"], r_reader_is_doer: ["唱票人不能也是操作人", "The reader cannot also be the doer"], r_nothing_to_read: ["这个任务不用唱票", "Nothing is read aloud for this task"],
  r_recorder_is_signer: ["记录员不能补录自己的签认", "The recorder cannot enter their own sheet"], r_sheet_photo_missing: ["缺纸质单照片", "The picture of the sheet is missing"], r_paper_time: ["签字时刻不在本次任务内", "The time on the sheet lies outside the run"],
  scan: ["扫码", "Scan"], scan_picture: ["拍下二维码", "Take a picture of the code"], scan_nothing: ["照片里没有找到二维码", "No code found in the picture"], scan_no_camera: ["浏览器不给实时取景，请拍照", "No live camera here; take a picture"], unknown_code: ["不是本场所的码：", "Not a code of this place:"],
  signal_prewarning: ["预先警报", "pre-warning"], signal_air_raid: ["空袭警报", "air raid"], signal_all_clear: ["解除警报", "all clear"], timetable: ["时间表", "timetable"], to_siren: ["距警报", "To the siren"], siren_planned: ["按计划，尚未确认鸣响", "as planned, not yet confirmed"], sound_on: ["本机鸣响", "Sound here"], sound_off: ["本机静音", "Mute here"], try_siren: ["试听", "hear"], sounds_now: ["现在鸣响 · 开始计时", "sounds now · start the clock"], sounds_only: ["现在鸣响", "sounds now"], siren_told: ["已记下警报时刻", "The siren's moment is kept"],
  anchor: ["警报时刻（留空：第一声警报起算）", "Moment of the siren (empty: the first siren starts the clock)"], milestones: ["时间节点", "Milestones"],
  exits: ["出口道闸", "Ways out"], exits_free: ["畅通", "free"], exits_locked: ["已锁", "locked"], lock_exits: ["锁闭出口", "Lock the ways out"], free_exits: ["放开出口", "Free the ways out"], not_counted: ["尚未清点", "not counted"],
  on_paper: ["纸质单", "on paper"], entered_by: ["补录", "entered by"], paper_entry: ["补录纸质单", "Enter paper sheets"], depot: ["物资库", "Depot"], labels: ["二维码标签", "QR labels"], pallets_in: ["库存托数", "pallets in stock"],
  "event_run.started": ["下令开始", "run.started"], "event_run.ended": ["结束", "run.ended"], "event_run.recalled": ["撤销", "run.recalled"], "event_role.taken": ["担任角色", "role.taken"], "event_role.ended": ["解除角色", "role.ended"], "event_effect.applied": ["自动动作", "effect.applied"], "event_bays.clearing": ["车位转入清场", "bays.clearing"], "event_bays.clear": ["车位报清", "bays.clear"], "event_task.released": ["任务放行", "task.released"], "event_task.claimed": ["认领", "task.claimed"], "event_task.given_up": ["放弃认领", "task.given_up"], "event_task.started": ["开始作业", "task.started"], "event_task.reported": ["签认完成", "task.reported"], "event_task.countersigned": ["第二人复核", "task.countersigned"], "event_task.sent_back": ["退回", "task.sent_back"], "event_hold_point.released": ["停检点放行", "hold_point.released"], "event_hold_point.overridden": ["停检点命令越过", "hold_point.overridden"], "event_challenge.read": ["唱票", "challenge.read"], "event_entry.kept": ["签认待定", "entry.kept"], "event_entry.concurrent": ["并行签认", "entry.concurrent"], "event_entry.refused": ["签认被退回", "entry.refused"], "event_people.counted": ["清点人员", "people.counted"], "event_plan.amended": ["方案修订", "plan.amended"], "event_drill.paused": ["演练暂停", "drill.paused"], "event_drill.resumed": ["演练继续", "drill.resumed"], "event_siren.sounded": ["警报鸣响", "siren.sounded"], "event_inject.scheduled": ["情况定时", "inject.scheduled"], "event_inject.played": ["情况导入", "inject.played"], "event_inject.decided": ["情况处置", "inject.decided"], "event_objective.scored": ["评分", "objective.scored"], "event_hot_wash.said": ["讲评", "hot_wash.said"], "event_car.marked": ["车辆处置", "car.marked"], "event_exits.locked": ["出口锁闭", "exits.locked"], "event_exits.freed": ["出口放开", "exits.freed"], "event_entries.locked_again": ["入口重新锁闭", "entries.locked_again"], "event_board.restored": ["设备恢复", "board.restored"],
  signed_as: ["当前登录", "Signed in"], sign_out: ["退出", "Sign out"], no_pin: ["（未设 PIN）", "(no PIN)"],
};

export const language = { at: 0 };

// A page with words of its own adds them here.
export function learn(words) { Object.assign(TEXT, words); }

export function t(key) { return TEXT[key]?.[language.at] ?? key; }
export function has(key) { return key in TEXT; }
export function named(thing) { return (language.at === 0 ? thing.zh : thing.en) ?? thing.zh ?? ""; }

const UNITS = { order: "份", person: "人", set: "套", item: "项", crew: "组", bay: "个", list: "份", lot: "批", agency: "家", charger: "台", vehicle: "辆", cable: "根", piece: "件", opening: "个孔口", leaf: "扇", valve: "个", fan: "台", lamp: "盏", point: "点", tank: "个", drain: "个", sump: "座", stage: "阶段", hole: "孔", sill: "道", duct: "段", system: "系统", sample: "样", pallet: "托", unit: "单元", location: "个库位", terminal: "台", sign: "块", gate: "处", cycle: "次", truck: "车", area: "区", cage: "间", roster: "份", report: "份", archive: "份", plan: "份", m2: "m²", m3: "m³", degC: "℃" };

export function unit(name) { return language.at === 0 ? (UNITS[name] ?? name) : name; }

// Bars of safety come as short English phrases; on screen they speak the screen's language.
export function barText(bar) {
  const first = /^(\S+) first$/.exec(bar);
  if (first) return `${t("do_first")} ${first[1]}`;
  return bar.replace("people inside", t("people_inside")).replace("cars inside", t("cars_inside")).replace("pallets in stock", t("pallets_in"));
}
