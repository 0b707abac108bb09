package callback

import "slices"

// askSkills takes the skills of the worst reason that counts and asks for any; of several
// as bad, those of the first. All of them together might be more than anybody has. What a
// step of the SLA has given up is given up.
func (d *draft) askSkills() {
	worst := -1
	for i := range d.cb.Reasons {
		r := &d.cb.Reasons[i]
		if r.Withdrawn || len(r.Skills) == 0 {
			continue
		}
		if worst < 0 || r.severity() > d.cb.Reasons[worst].severity() {
			worst = i
		}
	}
	if worst < 0 {
		return
	}
	d.cb.Skills = slices.Clone(d.cb.Reasons[worst].Skills)
	if d.cb.SLA == nil {
		return
	}
	for i := range d.cb.SLA.Steps {
		if s := &d.cb.SLA.Steps[i]; s.Widen && !s.TakenAt.IsZero() {
			d.cb.Skills = widened(d.cb.Skills, s.WidenTo)
		}
	}
}

// goWhere lets a waiting callback wait in the queue that a worse reason asks for, unless
// somebody has decided where it waits.
func (d *draft) goWhere(r Reason, was Severity) {
	decided := d.cb.Moved != nil && d.cb.Moved.By != ActorAlerting
	if d.cb.State != Pending || decided || r.Queue == "" || r.Queue == d.cb.Queue || r.severity() <= was {
		return
	}
	d.moveTo(r.Queue, ActorAlerting, "")
}
